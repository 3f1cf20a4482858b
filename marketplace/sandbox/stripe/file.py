"""Files for the evidence of disputes: what they are is read from their first bytes, and nothing but that is kept."""

from marketplace.sandbox.stripe.call import Call, list_of
from marketplace.sandbox.stripe.error import invalid
from marketplace.sandbox.stripe.state import Json, new_id

LARGEST = 5_000_000
HEADS = ((b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"))


def describe(name: str, content: bytes) -> Json:
    """A part of a form as a parameter: all that is looked at later, and a mark that tells contents apart."""
    kind = next((kind for head, kind in HEADS if content.startswith(head)), None)
    return {"name": name, "size": len(content), "type": kind, "sum": sum(content) + 31 * len(content)}


def create_file(call: Call) -> Json:
    """Take a file in for one purpose."""
    sent, purpose = call.params["file"], call.params["purpose"]
    if not isinstance(sent, dict) or not sent.get("size"):
        raise invalid("Invalid file: must be a multipart file upload.", param="file")
    if purpose == "dispute_evidence" and sent["type"] is None:
        raise invalid("The file type uploaded is not supported for this purpose.", param="file")
    if sent["size"] > LARGEST:
        raise invalid("The file size exceeds the maximum for this purpose.", param="file")
    ident = new_id("file_1")
    body: Json = {
        "id": ident,
        "object": "file",
        "created": call.now,
        "expires_at": None,
        "filename": sent["name"],
        "links": {"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={ident}"},
        "purpose": purpose,
        "size": sent["size"],
        "title": None,
        "type": sent["type"],
        "url": f"{call.base}/v1/files/{ident}/contents",
    }
    return call.state.add("file", body)


def get_file(call: Call, ident: str) -> Json:
    """One file."""
    return call.get("file", ident)


def list_files(call: Call) -> Json:
    """Files, newest first, of one purpose if asked."""
    return list_of(call, "file", "/v1/files", purpose=call.params.get("purpose"))
