"""What can go wrong with the settings of the instance."""

from beyou.core.errors import ApplicationError


class SettingsChanged(ApplicationError):
    code, status, title = "settings_changed", 409, "Somebody else has saved meanwhile"


class AnnouncementChanged(ApplicationError):
    code, status, title = "announcement_changed", 409, "Somebody else has changed it meanwhile"


class InvitationOver(ApplicationError):
    code, status, title = "invitation_over", 403, "This invitation does not open the door"
