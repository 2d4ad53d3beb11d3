"""Versions, delete markers and copies.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from .battery import Server, check, refuses, same


def two(s3: Server) -> list[str]:
    """Creates two versions and returns their ids, the older one first."""
    return [s3.put(s3.key(), body)["VersionId"] for body in [b"old", b"new"]]


def listed(s3: Server) -> list[tuple[str, str, bool]]:
    """Lists the versions and delete markers of the key, newest first."""
    page = s3.call("list_object_versions", Prefix=s3.key())
    found = [(one, "version") for one in page.get("Versions", [])]
    found += [(one, "marker") for one in page.get("DeleteMarkers", [])]
    found.sort(key=lambda entry: (entry[0]["LastModified"], entry[0]["IsLatest"]), reverse=True)
    return [(one["VersionId"], kind, one["IsLatest"]) for one, kind in found]


@check
def each_write_creates_a_version(s3: Server) -> None:
    old, new = two(s3)
    assert old != new, old
    page = s3.call("list_object_versions", Prefix=s3.key())
    seen = [(one["VersionId"], one["IsLatest"], one["Size"]) for one in page["Versions"]]
    same(seen, [(new, True, 3), (old, False, 3)])
    same(s3.read(s3.key()), b"new")


@check
def an_old_version_can_be_read(s3: Server) -> None:
    old, _ = two(s3)
    answer = s3.call("get_object", Key=s3.key(), VersionId=old)
    same((answer["Body"].read(), answer["VersionId"]), (b"old", old))


@check
def a_deletion_creates_a_delete_marker(s3: Server) -> None:
    _, new = two(s3)
    answer = s3.call("delete_object", Key=s3.key())
    assert answer["DeleteMarker"], answer
    error = refuses(404, "NoSuchKey", s3.call, "get_object", Key=s3.key())
    same(error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-delete-marker"), "true")
    same(s3.keys(), [])
    same(s3.read(s3.key(), VersionId=new), b"new")
    assert (answer["VersionId"], "marker", True) in listed(s3), listed(s3)


@check
def a_delete_marker_cannot_be_read(s3: Server) -> None:
    two(s3)
    marker = s3.call("delete_object", Key=s3.key())["VersionId"]
    refuses(405, "MethodNotAllowed", s3.call, "get_object", Key=s3.key(), VersionId=marker)


@check
def deleting_the_delete_marker_restores_the_object(s3: Server) -> None:
    two(s3)
    marker = s3.call("delete_object", Key=s3.key())["VersionId"]
    answer = s3.call("delete_object", Key=s3.key(), VersionId=marker)
    same((answer["DeleteMarker"], answer["VersionId"]), (True, marker))
    same(s3.read(s3.key()), b"new")


@check
def a_deleted_version_is_404(s3: Server) -> None:
    old, new = two(s3)
    s3.call("delete_object", Key=s3.key(), VersionId=new)
    same(s3.read(s3.key()), b"old")
    refuses(404, "NoSuchVersion", s3.call, "get_object", Key=s3.key(), VersionId=new)
    same(len(listed(s3)), 1)


@check
def deleting_a_missing_object_succeeds(s3: Server) -> None:
    answer = s3.call("delete_object", Key=s3.key())
    same((answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("DeleteMarker")), (204, True))


@check
def versions_are_listed_in_pages(s3: Server) -> None:
    expected = []
    for name in ["a", "b", "c"]:
        ids = [s3.put(s3.key(name), body)["VersionId"] for body in [b"1", b"2"]]
        expected += [(s3.key(name), version) for version in reversed(ids)]
    seen, markers, pages = [], {}, 0
    while True:
        page = s3.call("list_object_versions", Prefix=s3.key(""), MaxKeys=4, **markers)
        seen += [(one["Key"], one["VersionId"]) for one in page["Versions"]]
        pages += 1
        if not page["IsTruncated"]:
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
    same((seen, pages), (expected, 2))


@check
def a_copy_of_an_old_version_becomes_the_current_one(s3: Server) -> None:
    old, _ = two(s3)
    s3.call("copy_object", Key=s3.key(), CopySource={"Bucket": s3.bucket, "Key": s3.key(), "VersionId": old})
    same(s3.read(s3.key()), b"old")
    same(len(listed(s3)), 3)


@check
def a_copy_keeps_the_headers_of_the_object(s3: Server) -> None:
    s3.put(s3.key("ä b+c"), ContentType="text/css", Metadata={"color": "red"})
    s3.call("copy_object", Key=s3.key(), CopySource={"Bucket": s3.bucket, "Key": s3.key("ä b+c")})
    head = s3.call("head_object", Key=s3.key())
    same((head["ContentType"], head["Metadata"]), ("text/css", {"color": "red"}))


@check
def a_copy_onto_itself_must_change_something(s3: Server) -> None:
    s3.put(s3.key())
    source = {"Bucket": s3.bucket, "Key": s3.key()}
    refuses(400, "InvalidRequest", s3.call, "copy_object", Key=s3.key(), CopySource=source)


@check
def a_copy_of_a_missing_object_is_404(s3: Server) -> None:
    source = {"Bucket": s3.bucket, "Key": s3.key("b")}
    refuses(404, "NoSuchKey", s3.call, "copy_object", Key=s3.key(), CopySource=source)


@check
def a_write_can_be_conditional_on_the_current_version(s3: Server) -> None:
    known = s3.put(s3.key(), b"old")["ETag"]
    s3.put(s3.key(), b"new", IfMatch=known)
    refuses(412, "PreconditionFailed", s3.put, s3.key(), b"late", IfMatch=known)
    same(s3.read(s3.key()), b"new")
