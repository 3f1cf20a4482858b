"""What the admin pages' tests share."""

from tests.web.scene import scene

__all__ = ["scene"]
