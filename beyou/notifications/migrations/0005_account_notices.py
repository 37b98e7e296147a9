from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0004_verification_notices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("friend_request", "friend_request"),
                    ("friend_accepted", "friend_accepted"),
                    ("security", "security"),
                    ("export_ready", "export_ready"),
                    ("export_failed", "export_failed"),
                    ("verified", "verified"),
                    ("not_verified", "not_verified"),
                    ("unverified", "unverified"),
                    ("email_changed", "email_changed"),
                    ("rename_granted", "rename_granted"),
                    ("rename_refused", "rename_refused"),
                ],
                max_length=30,
            ),
        ),
    ]
