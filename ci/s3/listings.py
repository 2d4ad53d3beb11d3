"""Keys and listings.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

import urllib.parse

from .battery import Server, answers, check, refuses, same

ODD = ["a b", "a+b", "a%20b", "a%2Fb", "ä/ö", "日本", "a//b", "dir/", "a&b=c?d#e", "quote'\"", "A", "~!*()"]


@check
def unusual_keys_are_distinct(s3: Server) -> None:
    for name in ODD:
        s3.put(s3.key(name), name.encode())
    for name in ODD:
        same(s3.read(s3.key(name)), name.encode())
    same(s3.keys(), sorted((s3.key(name) for name in ODD), key=str.encode))


@check
def unusual_keys_can_be_signed(s3: Server) -> None:
    for name in ODD:
        answers(s3.send(s3.sign("put_object", s3.key(name)), name.encode()), 200)
        same(s3.send(s3.sign("get_object", s3.key(name))).data, name.encode())


@check
def unusual_keys_can_be_deleted_together(s3: Server) -> None:
    for name in ODD:
        s3.put(s3.key(name))
    objects = [{"Key": s3.key(name)} for name in ODD]
    answer = s3.call("delete_objects", Delete={"Objects": objects})
    same([one["Key"] for one in answer["Deleted"]], [one["Key"] for one in objects])
    same(s3.keys(), [])


@check
def a_key_can_be_the_prefix_of_another(s3: Server) -> None:
    for name in ["a", "a/", "a/b", "a/b/c"]:
        s3.put(s3.key(name), name.encode())
    s3.call("delete_object", Key=s3.key("a/b"))
    same([s3.read(s3.key(name)) for name in ["a", "a/", "a/b/c"]], [b"a", b"a/", b"a/b/c"])


@check
def a_key_is_not_normalized_as_a_path(s3: Server) -> None:
    for name in ["x/../y", "x/./y", "%2e%2e/%2e%2e/etc/passwd"]:
        key = s3.key(name)
        s3.put(key, name.encode())
        same(s3.read(key), name.encode())
    same(len(s3.keys()), 3)


@check
def a_key_over_1024_bytes_is_refused(s3: Server) -> None:
    longest = s3.key("k" * (1024 - len(s3.key(""))))
    s3.put(longest)
    refuses(400, "KeyTooLongError", s3.put, longest + "k")


@check
def an_unknown_bucket_is_404(s3: Server) -> None:
    refuses(404, "NoSuchBucket", s3.client.list_objects_v2, Bucket="unknown-bucket")
    refuses(404, "NoSuchBucket", s3.client.put_object, Bucket="unknown-bucket", Key="a", Body=b"")
    refuses(404, "404", s3.client.head_bucket, Bucket="unknown-bucket")


def some(s3: Server, *names: str) -> list[str]:
    keys = [s3.key(name) for name in names]
    for key in keys:
        s3.put(key, b"")
    return keys


@check
def keys_are_listed_in_pages(s3: Server) -> None:
    keys = some(s3, "1", "2", "3", "4", "5")
    seen, more, sizes = [], {}, []
    while True:
        page = s3.call("list_objects_v2", Prefix=s3.key(""), MaxKeys=2, **more)
        seen += [one["Key"] for one in page["Contents"]]
        sizes.append(page["KeyCount"])
        if not page["IsTruncated"]:
            assert "NextContinuationToken" not in page, page
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
    same((seen, sizes), (keys, [2, 2, 1]))


@check
def keys_are_listed_after_start_after(s3: Server) -> None:
    keys = some(s3, "1", "2", "3")
    page = s3.call("list_objects_v2", Prefix=s3.key(""), StartAfter=keys[0])
    same([one["Key"] for one in page["Contents"]], keys[1:])


@check
def a_delimiter_groups_common_prefixes(s3: Server) -> None:
    some(s3, "a", "b/1", "b/2", "c/1", "d")
    page = s3.call("list_objects_v2", Prefix=s3.key(""), Delimiter="/")
    same([one["Key"] for one in page["Contents"]], [s3.key("a"), s3.key("d")])
    same([one["Prefix"] for one in page["CommonPrefixes"]], [s3.key("b/"), s3.key("c/")])
    same(page["KeyCount"], 4)


@check
def common_prefixes_count_towards_the_page_size(s3: Server) -> None:
    some(s3, "a", "b/1", "b/2", "c/1", "d")
    seen, more = [], {}
    while True:
        page = s3.call("list_objects_v2", Prefix=s3.key(""), Delimiter="/", MaxKeys=2, **more)
        seen.append([one["Key"] for one in page.get("Contents", [])])
        seen[-1] += [one["Prefix"] for one in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
    same(seen, [[s3.key("a"), s3.key("b/")], [s3.key("d"), s3.key("c/")]])


@check
def keys_are_sorted_by_bytes(s3: Server) -> None:
    some(s3, "b", "B", "ä", "a", "10", "9", "\U0001f600", "\uffee")
    expected = ["10", "9", "B", "a", "b", "ä", "\uffee", "\U0001f600"]
    same(s3.keys(), [s3.key(name) for name in expected])


@check
def keys_can_be_listed_url_encoded(s3: Server) -> None:
    some(s3, "a b+ä")
    query = f"?list-type=2&encoding-type=url&prefix={urllib.parse.quote(s3.key(''), safe='')}"
    body = s3.header_signed("GET", "", query=query).data.decode()
    # A space is encoded in one of two ways.
    assert any(f"<Key>{s3.key(key)}</Key>" in body for key in ["a+b%2B%C3%A4", "a%20b%2B%C3%A4"]), body


@check
def a_page_of_zero_keys_is_empty(s3: Server) -> None:
    some(s3, "1")
    page = s3.call("list_objects_v2", Prefix=s3.key(""), MaxKeys=0)
    same((page["KeyCount"], page["IsTruncated"]), (0, False))


@check
def an_invalid_continuation_token_is_refused(s3: Server) -> None:
    refuses(400, "InvalidArgument", s3.call, "list_objects_v2", ContinuationToken="broken")


@check
def several_keys_are_deleted_in_one_request(s3: Server) -> None:
    keys = some(s3, "1", "2")
    deleted = s3.call("delete_objects", Delete={"Objects": [{"Key": key} for key in keys]})
    same(sorted(one["Key"] for one in deleted["Deleted"]), keys)
    same(s3.keys(), [])
