"""Object Lock.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

import datetime

from .battery import Server, answers, check, now, refuses, same

# The checks do not wait for the locks to end.
SOON, LATER = datetime.timedelta(minutes=5), datetime.timedelta(minutes=10)


def retain(s3: Server, until: datetime.datetime, mode: str = "GOVERNANCE", **more) -> None:
    s3.call("put_object_retention", Key=s3.key(), Retention={"Mode": mode, "RetainUntilDate": until}, **more)


@check
def a_retained_version_cannot_be_deleted(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    until = now() + SOON
    retain(s3, until, "COMPLIANCE")
    refuses(403, "AccessDenied", s3.call, "delete_object", Key=s3.key(), VersionId=version)
    same(s3.read(s3.key(), VersionId=version), b"hello")
    held = s3.call("get_object_retention", Key=s3.key())["Retention"]
    same((held["Mode"], held["RetainUntilDate"]), ("COMPLIANCE", until))
    head = s3.call("head_object", Key=s3.key())
    same((head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]), ("COMPLIANCE", until))


@check
def a_retained_object_can_get_a_delete_marker(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    retain(s3, now() + SOON)
    assert s3.call("delete_object", Key=s3.key())["DeleteMarker"]
    same(s3.read(s3.key(), VersionId=version), b"hello")


@check
def a_retention_cannot_be_shortened(s3: Server) -> None:
    s3.put(s3.key())
    retain(s3, now() + LATER, "COMPLIANCE")
    refuses(403, "AccessDenied", retain, s3, now() + SOON, "COMPLIANCE")
    refuses(403, "AccessDenied", retain, s3, now() + LATER + SOON, "GOVERNANCE")


@check
def a_retention_can_be_extended(s3: Server) -> None:
    s3.put(s3.key())
    until = now() + LATER
    retain(s3, now() + SOON, "COMPLIANCE")
    retain(s3, until, "COMPLIANCE")
    same(s3.call("get_object_retention", Key=s3.key())["Retention"]["RetainUntilDate"], until)


@check
def a_retention_in_the_past_is_refused(s3: Server) -> None:
    s3.put(s3.key())
    refuses(400, "InvalidArgument", retain, s3, now() - SOON)


@check
def a_bypass_deletes_a_governance_version(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    retain(s3, now() + SOON)
    refuses(403, "AccessDenied", s3.call, "delete_object", Key=s3.key(), VersionId=version)
    s3.call("delete_object", Key=s3.key(), VersionId=version, BypassGovernanceRetention=True)
    same(s3.keys(), [])


@check
def an_empty_retention_with_a_bypass_removes_governance(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    retain(s3, now() + SOON)
    lift = {"Key": s3.key(), "Retention": {}}
    refuses(403, "AccessDenied", s3.call, "put_object_retention", **lift)
    s3.call("put_object_retention", BypassGovernanceRetention=True, **lift)
    refuses(404, "NoSuchObjectLockConfiguration", s3.call, "get_object_retention", Key=s3.key())
    s3.call("delete_object", Key=s3.key(), VersionId=version)


@check
def a_bypass_does_not_delete_a_compliance_version(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    retain(s3, now() + SOON, "COMPLIANCE")
    bypass = {"VersionId": version, "BypassGovernanceRetention": True}
    refuses(403, "AccessDenied", s3.call, "delete_object", Key=s3.key(), **bypass)


@check
def an_object_can_be_created_with_a_retention(s3: Server) -> None:
    until = now() + SOON
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    version = s3.put(s3.key(), ChecksumAlgorithm="SHA256", **lock)["VersionId"]
    refuses(403, "AccessDenied", s3.call, "delete_object", Key=s3.key(), VersionId=version)


@check
def a_retention_needs_a_digest_of_the_body(s3: Server) -> None:
    lock = {"x_amz_object_lock_mode": "GOVERNANCE", "x_amz_object_lock_retain_until_date": "2099-01-01T00:00:00Z"}
    answers(s3.header_signed("PUT", s3.key(), b"hello", **lock), 400, "InvalidRequest")
    same(s3.keys(), [])


@check
def an_object_without_a_retention_has_no_lock_configuration(s3: Server) -> None:
    s3.put(s3.key())
    refuses(404, "NoSuchObjectLockConfiguration", s3.call, "get_object_retention", Key=s3.key())


@check
def a_legal_hold_applies_until_it_is_removed(s3: Server) -> None:
    version = s3.put(s3.key())["VersionId"]
    s3.call("put_object_legal_hold", Key=s3.key(), LegalHold={"Status": "ON"})
    refuses(403, "AccessDenied", s3.call, "delete_object", Key=s3.key(), VersionId=version)
    same(s3.call("get_object_legal_hold", Key=s3.key())["LegalHold"]["Status"], "ON")
    s3.call("put_object_legal_hold", Key=s3.key(), LegalHold={"Status": "OFF"})
    s3.call("delete_object", Key=s3.key(), VersionId=version)
    same(s3.keys(), [])
