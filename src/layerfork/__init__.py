"""Shows where a Docker layer cache forks between build clients, and proves why."""

__version__ = "0.1.0"
