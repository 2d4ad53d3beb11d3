use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{ChecksumAlgorithm, ChecksumMode, Delete, MetadataDirective, ObjectIdentifier},
};
use local::OPERATOR_KEY;

use super::{DOOR, FILES, PLAIN, code};
use crate::support::TestSystem;

fn text(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn a_stored_object_can_be_read() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = s3
        .put_object()
        .bucket(FILES)
        .key("a/b c+ü%2F")
        .content_type("text/plain")
        .content_disposition("attachment")
        .metadata("Color", "red")
        .body(text("hello"));
    let put = put.send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let version = put.version_id().unwrap();
    for bucket in [FILES, DOOR] {
        let get = s3.get_object().bucket(bucket).key("a/b c+ü%2F");
        let got = get.send().await.unwrap();
        assert_eq!(got.content_type(), Some("text/plain"));
        assert_eq!(got.content_disposition(), Some("attachment"));
        assert_eq!(got.metadata().unwrap()["color"], "red");
        assert_eq!(got.version_id(), Some(version));
        assert_eq!(got.content_length(), Some(5));
        let body = got.body.collect().await.unwrap();
        assert_eq!(body.into_bytes().as_ref(), b"hello");
    }
    let missing = s3.get_object().bucket(FILES).key("a").send().await;
    assert_eq!(code(&missing.unwrap_err()), "NoSuchKey");
    let missing = s3.get_object().bucket("elsewhere").key("a").send().await;
    assert_eq!(code(&missing.unwrap_err()), "NoSuchBucket");
}

#[tokio::test]
async fn a_range_of_an_object_can_be_read() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = s3.put_object().bucket(FILES).key("a").body(text("hello"));
    put.send().await.unwrap();
    for (range, expected, content_range) in [
        ("bytes=1-3", "ell", "bytes 1-3/5"),
        ("bytes=3-", "lo", "bytes 3-4/5"),
        ("bytes=-2", "lo", "bytes 3-4/5"),
        ("bytes=0-99", "hello", "bytes 0-4/5"),
    ] {
        let get = s3.get_object().bucket(FILES).key("a").range(range);
        let got = get.send().await.unwrap();
        assert_eq!(got.content_range(), Some(content_range));
        let body = got.body.collect().await.unwrap().into_bytes();
        assert_eq!(body.as_ref(), expected.as_bytes());
    }
    let get = s3.get_object().bucket(FILES).key("a").range("bytes=5-");
    assert_eq!(code(&get.send().await.unwrap_err()), "InvalidRange");
}

#[tokio::test]
async fn reads_can_be_conditional() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = s3.put_object().bucket(FILES).key("a").body(text("hello"));
    let etag = put.send().await.unwrap().e_tag.unwrap();
    let get = || s3.get_object().bucket(FILES).key("a");
    let (past, future) = (DateTime::from_secs(0), DateTime::from_secs(4_000_000_000));
    assert!(get().if_match(&etag).send().await.is_ok());
    assert!(get().if_none_match("\"x\"").send().await.is_ok());
    assert!(get().if_modified_since(past).send().await.is_ok());
    assert!(get().if_unmodified_since(future).send().await.is_ok());
    for (refused, status) in [
        (get().if_match("\"x\""), 412),
        (get().if_unmodified_since(past), 412),
        (get().if_none_match(&etag), 304),
        (get().if_modified_since(future), 304),
    ] {
        let error = refused.send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
    }
}

#[tokio::test]
async fn exactly_one_of_many_conditional_writes_succeeds() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let puts: Vec<_> = (0..50)
        .map(|index| {
            let put = s3.put_object().bucket(FILES).key("a").if_none_match("*");
            tokio::spawn(put.body(text(&index.to_string())).send())
        })
        .collect();
    let mut winners = 0;
    for put in puts {
        match put.await.unwrap() {
            Ok(_) => winners += 1,
            Err(error) => assert_eq!(code(&error), "PreconditionFailed"),
        }
    }
    assert_eq!(winners, 1);
    let versions = s3.list_object_versions().bucket(FILES).send().await;
    assert_eq!(versions.unwrap().versions().len(), 1);
    let data = system
        .data_dir()
        .join("s3.ephemeral")
        .join(FILES)
        .join("data");
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 1);
}

#[tokio::test]
async fn a_deleted_object_can_be_restored() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = async |body: &str| {
        let put = s3.put_object().bucket(FILES).key("a").body(text(body));
        put.send().await.unwrap().version_id.unwrap()
    };
    let first = put("one").await;
    let second = put("two").await;
    let deleted = s3.delete_object().bucket(FILES).key("a").send().await;
    let deleted = deleted.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let marker = deleted.version_id.unwrap();

    let head = s3.head_object().bucket(FILES).key("a").send().await;
    let head = head.unwrap_err();
    let response = head.raw_response().unwrap();
    assert_eq!(response.status().as_u16(), 404);
    assert_eq!(response.headers().get("x-amz-delete-marker"), Some("true"));
    let named = s3.get_object().bucket(FILES).key("a").version_id(&marker);
    assert_eq!(code(&named.send().await.unwrap_err()), "MethodNotAllowed");

    let restored = s3
        .copy_object()
        .bucket(DOOR)
        .key("a")
        .copy_source(format!("{DOOR}/a?versionId={first}"));
    let restored = restored.send().await.unwrap();
    assert_eq!(restored.copy_source_version_id(), Some(first.as_str()));
    let got = s3.get_object().bucket(FILES).key("a").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"one");

    let listed = s3.list_object_versions().bucket(FILES).send().await;
    let listed = listed.unwrap();
    let ids: Vec<_> = listed
        .versions()
        .iter()
        .map(|version| version.version_id())
        .collect();
    let restored = restored.version_id();
    assert_eq!(ids, [restored, Some(second.as_str()), Some(first.as_str())]);
    assert_eq!(listed.versions()[0].is_latest(), Some(true));
    assert_eq!(
        listed.delete_markers()[0].version_id(),
        Some(marker.as_str())
    );

    // Deleting a named version is permanent.
    let gone = s3.delete_object().bucket(FILES).key("a").version_id(&first);
    gone.send().await.unwrap();
    let got = s3.get_object().bucket(FILES).key("a").version_id(&first);
    assert_eq!(code(&got.send().await.unwrap_err()), "NoSuchVersion");
}

#[tokio::test]
async fn one_request_deletes_several_objects() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let mut versions = Vec::new();
    for key in ["a", "b", "c"] {
        let put = s3.put_object().bucket(FILES).key(key).body(text(key));
        versions.push(put.send().await.unwrap().version_id.unwrap());
    }
    let object = |key: &str| ObjectIdentifier::builder().key(key);
    let delete = |quiet: bool, objects: Vec<ObjectIdentifier>| {
        let delete = Delete::builder().quiet(quiet).set_objects(Some(objects));
        s3.delete_objects()
            .bucket(FILES)
            .delete(delete.build().unwrap())
            .send()
    };
    // A hidden object, a version that is gone, and a key that never existed.
    let objects = [
        object("a"),
        object("b").version_id(&versions[1]),
        object("z"),
    ];
    let done = delete(false, objects.map(|it| it.build().unwrap()).to_vec()).await;
    let done = done.unwrap();
    let deleted: Vec<_> = done
        .deleted()
        .iter()
        .map(|it| (it.key().unwrap(), it.version_id(), it.delete_marker()))
        .collect();
    let expected = [
        ("a", None, Some(true)),
        ("b", Some(versions[1].as_str()), None),
        ("z", None, Some(true)),
    ];
    assert_eq!((deleted, done.errors()), (expected.to_vec(), [].as_slice()));
    let listed = s3.list_objects_v2().bucket(FILES).send().await.unwrap();
    let keys: Vec<_> = listed
        .contents()
        .iter()
        .map(|it| it.key().unwrap())
        .collect();
    assert_eq!(keys, ["c"]);

    let quiet = delete(true, vec![object("c").build().unwrap()])
        .await
        .unwrap();
    assert!(quiet.deleted().is_empty() && quiet.errors().is_empty());
    let many = (0..1001).map(|n| object(&n.to_string()).build().unwrap());
    let refused = delete(false, many.collect()).await.unwrap_err();
    assert_eq!(code(&refused), "MalformedXML");
}

#[tokio::test]
async fn a_list_of_buckets_has_their_dates() {
    let system = TestSystem::start().await;
    let listed = system.s3(OPERATOR_KEY).list_buckets().send().await.unwrap();
    assert!(
        listed
            .buckets()
            .iter()
            .any(|bucket| bucket.name() == Some(FILES))
    );
    assert!(
        listed
            .buckets()
            .iter()
            .all(|bucket| bucket.creation_date().is_some())
    );
}

#[tokio::test]
async fn a_bucket_without_versioning_keeps_one_version() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    for body in ["one", "two"] {
        let put = s3.put_object().bucket(PLAIN).key("a").body(text(body));
        assert_eq!(put.send().await.unwrap().version_id(), None);
    }
    let listed = s3
        .list_object_versions()
        .bucket(PLAIN)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.versions().len(), 1);
    assert_eq!(listed.versions()[0].version_id(), Some("null"));
    s3.delete_object()
        .bucket(PLAIN)
        .key("a")
        .send()
        .await
        .unwrap();
    let listed = s3.list_objects_v2().bucket(PLAIN).send().await.unwrap();
    assert_eq!(listed.key_count(), Some(0));
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_the_headers() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = s3
        .put_object()
        .bucket(FILES)
        .key("a")
        .metadata("color", "red");
    put.body(text("hello")).send().await.unwrap();
    let copy = |key: &str| {
        let source = format!("{FILES}/a");
        s3.copy_object().bucket(PLAIN).key(key).copy_source(source)
    };
    copy("same").send().await.unwrap();
    let replaced = copy("new").metadata_directive(MetadataDirective::Replace);
    replaced.metadata("color", "blue").send().await.unwrap();
    for (key, color) in [("same", "red"), ("new", "blue")] {
        let got = s3.get_object().bucket(PLAIN).key(key).send().await.unwrap();
        assert_eq!(got.metadata().unwrap()["color"], color);
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    }
    let source = format!("{FILES}/a");
    let itself = s3.copy_object().bucket(DOOR).key("a").copy_source(source);
    assert_eq!(code(&itself.send().await.unwrap_err()), "InvalidRequest");
}

#[tokio::test]
async fn a_checksum_is_verified_and_stored() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let put = s3.put_object().bucket(FILES).key(algorithm.as_str());
        let put = put
            .checksum_algorithm(algorithm.clone())
            .body(text("hello"));
        let put = put.send().await.unwrap();
        let head = s3.head_object().bucket(FILES).key(algorithm.as_str());
        let head = head
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        let sums = [
            (put.checksum_crc32(), head.checksum_crc32()),
            (put.checksum_crc32_c(), head.checksum_crc32_c()),
            (put.checksum_crc64_nvme(), head.checksum_crc64_nvme()),
            (put.checksum_sha1(), head.checksum_sha1()),
            (put.checksum_sha256(), head.checksum_sha256()),
        ];
        assert!(sums.iter().all(|(put, head)| put == head));
        assert_eq!(sums.iter().filter(|(put, _)| put.is_some()).count(), 1);
    }
    let wrong = s3
        .put_object()
        .bucket(FILES)
        .key("wrong")
        .body(text("hello"));
    let wrong = wrong.checksum_sha256("uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=");
    assert_eq!(code(&wrong.send().await.unwrap_err()), "BadDigest");
    let wrong = s3
        .put_object()
        .bucket(FILES)
        .key("wrong")
        .body(text("hello"));
    let wrong = wrong.content_md5("XUFAKrxLKna5cZ2REBfFkg==");
    assert!(wrong.send().await.is_ok());
    let wrong = s3
        .put_object()
        .bucket(FILES)
        .key("wrong")
        .body(text("hello!"));
    let wrong = wrong.content_md5("XUFAKrxLKna5cZ2REBfFkg==");
    assert_eq!(code(&wrong.send().await.unwrap_err()), "BadDigest");
}

/// The SDK sends a file in signed chunks with the checksum in a trailer.
#[tokio::test]
async fn a_file_is_uploaded_and_downloaded_as_a_stream() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let bytes: Vec<_> = (0..=255).cycle().take(3 << 20).collect();
    std::fs::write(&path, &bytes).unwrap();
    let file = ByteStream::from_path(&path).await.unwrap();
    let put = s3.put_object().bucket(FILES).key("a").body(file);
    let put = put
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await;
    assert!(put.unwrap().checksum_sha256().is_some());
    let got = s3.get_object().bucket(FILES).key("a");
    let got = got
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(got.content_encoding(), None);
    // The SDK verifies the checksum while reading.
    assert_eq!(got.body.collect().await.unwrap().to_vec(), bytes);
}

#[tokio::test]
async fn a_listing_has_pages_and_common_prefixes() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    for key in ["a", "b/1", "b/2", "c", "d/1", "e"] {
        let put = s3.put_object().bucket(FILES).key(key).body(text(key));
        put.send().await.unwrap();
    }
    let mut seen = Vec::new();
    let mut pages = s3
        .list_objects_v2()
        .bucket(FILES)
        .delimiter("/")
        .max_keys(2)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.key_count().unwrap() <= 2);
        seen.extend(
            page.contents()
                .iter()
                .map(|object| object.key().unwrap().to_owned()),
        );
        let prefixes = page.common_prefixes().iter();
        seen.extend(prefixes.map(|prefix| prefix.prefix().unwrap().to_owned()));
    }
    seen.sort();
    assert_eq!(seen, ["a", "b/", "c", "d/", "e"]);
    let listed = s3
        .list_objects_v2()
        .bucket(FILES)
        .prefix("b/")
        .start_after("b/1");
    let listed = listed.send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some("b/2"));
    assert_eq!(listed.contents().len(), 1);
}

#[tokio::test]
async fn unsupported_features_are_refused() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let put = s3.put_object().bucket(FILES).key("a").tagging("a=b");
    assert_eq!(code(&put.send().await.unwrap_err()), "NotImplemented");
    let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(FILES);
    assert_eq!(code(&lifecycle.send().await.unwrap_err()), "NotImplemented");
}

#[tokio::test]
async fn the_settings_of_a_bucket_can_be_read() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let versioning = s3.get_bucket_versioning().bucket(FILES).send().await;
    assert_eq!(versioning.unwrap().status().unwrap().as_str(), "Enabled");
    let cors = s3.get_bucket_cors().bucket(FILES).send().await.unwrap();
    assert!(!cors.cors_rules()[0].allowed_origins().is_empty());
    let missing = s3.get_bucket_cors().bucket("missing").send().await;
    assert_eq!(code(&missing.unwrap_err()), "NoSuchBucket");
}
