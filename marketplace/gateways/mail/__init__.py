"""How letters leave: into a folder by default, over SMTP by setting."""
