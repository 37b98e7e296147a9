from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("verification", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="verificationrequest",
            name="escalated_by_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="verificationrequest",
            name="escalated_to",
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name="decision",
            name="verdict",
            field=models.CharField(
                choices=[
                    ("seconded", "seconded"),
                    ("approved", "approved"),
                    ("rejected", "rejected"),
                    ("returned", "returned"),
                    ("escalated", "escalated"),
                    ("revoked", "revoked"),
                ],
                max_length=20,
            ),
        ),
    ]
