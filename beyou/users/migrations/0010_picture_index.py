from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0009_provider_identity"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["picture_id"], name="users_user_picture"),
        ),
    ]
