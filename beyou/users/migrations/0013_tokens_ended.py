from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0012_account_recovery"),
    ]

    operations = [
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("session_ended", "session_ended"),
                    ("sessions_ended", "sessions_ended"),
                    ("new_device", "new_device"),
                    ("not_me", "not_me"),
                    ("factor_added", "factor_added"),
                    ("factor_removed", "factor_removed"),
                    ("recovery_codes_made", "recovery_codes_made"),
                    ("recovery_code_used", "recovery_code_used"),
                    ("password_changed", "password_changed"),
                    ("password_reset_asked", "password_reset_asked"),
                    ("email_change_asked", "email_change_asked"),
                    ("email_changed", "email_changed"),
                    ("phone_changed", "phone_changed"),
                    ("token_made", "token_made"),
                    ("token_revoked", "token_revoked"),
                    ("tokens_ended", "tokens_ended"),
                    ("provider_linked", "provider_linked"),
                    ("provider_unlinked", "provider_unlinked"),
                    ("recovery_asked", "recovery_asked"),
                    ("recovery_cancelled", "recovery_cancelled"),
                    ("recovery_done", "recovery_done"),
                    ("export_asked", "export_asked"),
                    ("deletion_asked", "deletion_asked"),
                    ("deletion_cancelled", "deletion_cancelled"),
                    ("keys_changed", "keys_changed"),
                    ("alert", "alert"),
                ],
                max_length=30,
            ),
        ),
    ]
