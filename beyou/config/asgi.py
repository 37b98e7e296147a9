"""The hybrid server: sockets stay on the event loop, pages go to the WSGI handler by one thread hop."""

from beyou.config.wsgi import application as wsgi_application

application = wsgi_application
