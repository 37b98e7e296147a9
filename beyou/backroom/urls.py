"""The addresses of the back room, mounted below BEYOU_ADMIN_PATH where there is one."""

from beyou.backroom.site import site

app_name = "admin"
urlpatterns = site.get_urls()
