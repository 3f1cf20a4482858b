"""Files in an S3 bucket, or in any server that speaks its protocol."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import SpooledTemporaryFile, gettempdir
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from marketplace.gateways.storage.base import Measured, Missing, Stored, check_key, check_name, key_of_part, make_key
from marketplace.gateways.storage.part import Parts

_CONNECT_S: Final = 5
_READ_S: Final = 60
_IN_MEMORY_BYTES: Final = 8 << 20


class S3Storage:
    """Files in `bucket`; without keys the machine's own credentials are used. Addresses are presigned by the SDK."""

    def __init__(
        self,
        bucket: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        parts: Path | None = None,
    ) -> None:
        self.bucket = bucket
        self._parts = Parts(parts or Path(gettempdir()) / "marquee-parts")
        # left to itself the SDK chooses the host by bucket, region and version; browsers are told which one it is.
        # The bucket is part of the host at Amazon, unless a dot in its name would break the certificate
        style = "virtual" if endpoint_url is None and "." not in bucket else "path"
        endpoint = urlsplit(endpoint_url or f"https://s3.{region}.amazonaws.com")
        host = f"{bucket}.{endpoint.netloc}" if style == "virtual" else endpoint.netloc
        self.origin = f"{endpoint.scheme}://{host}"
        self._client: Any = boto3.client(
            "s3",
            region_name=region,
            endpoint_url=endpoint.geturl(),
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": style},
                connect_timeout=_CONNECT_S,
                read_timeout=_READ_S,
                retries={"max_attempts": 3, "mode": "standard"},
            ),
        )

    def put(self, stream: BinaryIO, *, kind: str, suffix: str, content_type: str) -> Stored:
        """Measure into a temporary file first: an upload that breaks off leaves nothing in the bucket."""
        return self._put(stream, make_key(kind, suffix), content_type)

    def _put(self, stream: BinaryIO, key: str, content_type: str) -> Stored:
        measured = Measured(stream)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
            for chunk in measured:
                file.write(chunk)
            file.seek(0)
            headers = {"ContentType": content_type, "ContentDisposition": "inline", "CacheControl": "private"}
            self._client.upload_fileobj(file, self.bucket, key, ExtraArgs=headers)
        return measured.stored(key)

    def append(self, token: str, offset: int, stream: BinaryIO, *, most: int) -> int:
        """Pieces gather on this machine: web processes on several machines must send an upload to the same one."""
        return self._parts.append(token, offset, stream, most=most)

    def open_part(self, token: str) -> BinaryIO:
        """As in Storage."""
        return self._parts.open(token)

    def finish(self, token: str, *, kind: str, suffix: str, content_type: str) -> Stored:
        """As in Storage."""
        with self._parts.open(token) as file:
            return self._put(file, key_of_part(token, kind, suffix), content_type)

    def discard(self, token: str) -> None:
        """As in Storage."""
        self._parts.discard(token)

    def open(self, key: str) -> BinaryIO:
        """A copy of the file, seekable; raises Missing."""
        try:
            body = self._client.get_object(Bucket=self.bucket, Key=check_key(key))["Body"]
        except ValueError:
            raise Missing(key) from None
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise Missing(key) from None
            raise
        file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  # the caller closes it
        with closing(body):
            for chunk in body.iter_chunks():
                file.write(chunk)
        file.seek(0)
        return cast(BinaryIO, file)

    def url(self, key: str, *, now: datetime, expires_in: timedelta, save_as: str | None = None) -> str:
        """A presigned address; the SDK signs from its own clock, so `now` is not used."""
        parameters = {"Bucket": self.bucket, "Key": check_key(key)}
        if save_as:
            parameters["ResponseContentDisposition"] = f'attachment; filename="{check_name(save_as)}"'
        seconds = int(expires_in.total_seconds())
        return str(self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds))

    def delete(self, key: str) -> None:
        """Remove the object; S3 does not mind if there is none."""
        self._client.delete_object(Bucket=self.bucket, Key=check_key(key))
