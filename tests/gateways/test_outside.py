"""Which gateway the settings choose, and where it keeps what."""

from __future__ import annotations

import io
from pathlib import Path

from marketplace.config import load_settings
from marketplace.gateways.outside import connect_outside

TOKEN = "a-token-of-an-upload-1"


def test_pieces_of_an_upload_lie_in_the_data_folder_whatever_keeps_the_files(tmp_path: Path) -> None:
    for name, bucket in (("local", None), ("s3", "takes")):
        settings = load_settings(data_dir=tmp_path / name, s3_bucket=bucket)
        connect_outside(settings).storage.append(TOKEN, 0, io.BytesIO(b"piece"), most=5)
        assert [path.read_bytes() for path in settings.data_dir.rglob(TOKEN)] == [b"piece"]


def test_without_the_demo_only_networks_with_a_key_of_their_own_are_asked(tmp_path: Path) -> None:
    demo = load_settings(data_dir=tmp_path)
    real = demo.model_copy(update={"environment": "production"})
    assert set(connect_outside(demo).networks) == {"x", "tiktok", "instagram", "youtube"}
    assert set(connect_outside(real).networks) == set()
