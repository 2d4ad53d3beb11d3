use aws_sdk_s3::{
    Client,
    operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder,
    primitives::ByteStream,
    types::{
        ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
        Part,
    },
};
use local::OPERATOR_KEY;

use super::{FILES, code};
use crate::support::TestSystem;

const MIN_PART: usize = 5 * 1024 * 1024;

async fn begin(s3: &Client) -> String {
    let begin = s3.create_multipart_upload().bucket(FILES).key("a");
    let begin = begin.content_type("video/mp4").metadata("color", "red");
    begin.send().await.unwrap().upload_id.unwrap()
}

async fn upload(s3: &Client, id: &str, number: i32, size: usize) -> CompletedPart {
    let byte = u8::try_from(number).unwrap();
    let part = s3.upload_part().bucket(FILES).key("a").upload_id(id);
    let part = part
        .part_number(number)
        .body(ByteStream::from(vec![byte; size]));
    let etag = part.send().await.unwrap().e_tag;
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(etag)
        .build()
}

fn complete(
    s3: &Client,
    id: &str,
    parts: &[CompletedPart],
) -> CompleteMultipartUploadFluentBuilder {
    let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec()));
    let complete = s3.complete_multipart_upload().bucket(FILES).key("a");
    complete.upload_id(id).multipart_upload(parts.build())
}

#[tokio::test]
async fn parts_become_an_object() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let id = begin(&s3).await;
    let last = upload(&s3, &id, 9, 3).await;
    let first = upload(&s3, &id, 2, MIN_PART).await;
    upload(&s3, &id, 5, 1).await;
    let completed = complete(&s3, &id, &[first.clone(), last.clone()]);
    let completed = completed.send().await.unwrap();
    assert!(completed.e_tag().unwrap().ends_with("-2\""));
    assert!(completed.location().unwrap().ends_with("/shop-dev-files/a"));

    // A retry gets the same response and creates no second version.
    let again = complete(&s3, &id, &[first, last]).send().await.unwrap();
    assert_eq!(again.version_id(), completed.version_id());
    let versions = s3.list_object_versions().bucket(FILES).send().await;
    assert_eq!(versions.unwrap().versions().len(), 1);

    let got = s3.get_object().bucket(FILES).key("a").send().await.unwrap();
    assert_eq!(got.content_type(), Some("video/mp4"));
    assert_eq!(got.metadata().unwrap()["color"], "red");
    let bytes = got.body.collect().await.unwrap().to_vec();
    assert_eq!(bytes.len(), MIN_PART + 3);
    assert_eq!(bytes[MIN_PART - 1..], [2, 9, 9, 9]);
    let range = format!("bytes={}-{}", MIN_PART - 1, MIN_PART);
    let got = s3.get_object().bucket(FILES).key("a").range(range);
    let got = got.send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), [2, 9]);

    // Neither the upload nor the unlisted part remains.
    let uploads = s3.list_multipart_uploads().bucket(FILES).send().await;
    assert!(uploads.unwrap().uploads().is_empty());
    let data = system
        .data_dir()
        .join("s3.ephemeral")
        .join(FILES)
        .join("data");
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 2);
}

#[tokio::test]
async fn an_invalid_list_of_parts_is_refused() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let id = begin(&s3).await;
    let small = upload(&s3, &id, 1, 1).await;
    let last = upload(&s3, &id, 2, 1).await;
    let other = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"x\"")
        .build();
    let missing = CompletedPart::builder()
        .part_number(3)
        .set_e_tag(last.e_tag.clone());
    for (parts, expected) in [
        (vec![last.clone(), small.clone()], "InvalidPartOrder"),
        (vec![small.clone(), small.clone()], "InvalidPartOrder"),
        (vec![other], "InvalidPart"),
        (vec![missing.build()], "InvalidPart"),
        (vec![small.clone(), last.clone()], "EntityTooSmall"),
        (vec![], "MalformedXML"),
    ] {
        let error = complete(&s3, &id, &parts).send().await.unwrap_err();
        assert_eq!(code(&error), expected);
    }
    let put = s3.put_object().bucket(FILES).key("a").send().await;
    put.unwrap();
    let late = complete(&s3, &id, std::slice::from_ref(&last)).if_none_match("*");
    assert_eq!(code(&late.send().await.unwrap_err()), "PreconditionFailed");
    complete(&s3, &id, &[last]).send().await.unwrap();
}

#[tokio::test]
async fn an_aborted_upload_is_404() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let id = begin(&s3).await;
    let part = upload(&s3, &id, 1, 1).await;
    let abort = s3
        .abort_multipart_upload()
        .bucket(FILES)
        .key("a")
        .upload_id(&id);
    abort.clone().send().await.unwrap();
    assert_eq!(code(&abort.send().await.unwrap_err()), "NoSuchUpload");
    let complete = complete(&s3, &id, &[part]).send().await;
    assert_eq!(code(&complete.unwrap_err()), "NoSuchUpload");
    let list = s3.list_parts().bucket(FILES).key("a").upload_id(&id);
    assert_eq!(code(&list.send().await.unwrap_err()), "NoSuchUpload");
    let data = system
        .data_dir()
        .join("s3.ephemeral")
        .join(FILES)
        .join("data");
    assert_eq!(std::fs::read_dir(data).unwrap().count(), 0);
}

#[tokio::test]
async fn parts_are_numbered_and_listed_in_pages() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let id = begin(&s3).await;
    for number in [0, 10_001] {
        let part = s3.upload_part().bucket(FILES).key("a").upload_id(&id);
        let error = part.part_number(number).send().await.unwrap_err();
        assert_eq!(code(&error), "InvalidArgument");
    }
    for number in [3, 1, 2, 1] {
        upload(&s3, &id, number, 4).await;
    }
    let page = |marker: Option<String>| {
        let page = s3.list_parts().bucket(FILES).key("a").upload_id(&id);
        page.max_parts(2).set_part_number_marker(marker).send()
    };
    let first = page(None).await.unwrap();
    let numbers: Vec<_> = first.parts().iter().map(Part::part_number).collect();
    assert_eq!(numbers, [Some(1), Some(2)]);
    assert_eq!(first.is_truncated(), Some(true));
    let second = page(first.next_part_number_marker).await.unwrap();
    assert_eq!(second.parts()[0].part_number(), Some(3));
    assert_eq!(second.is_truncated(), Some(false));
}

#[tokio::test]
async fn checksums_of_parts_follow_the_uploads_type() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let begin = async |algorithm: ChecksumAlgorithm, kind: Option<ChecksumType>| {
        let begin = s3.create_multipart_upload().bucket(FILES).key("a");
        let begin = begin.checksum_algorithm(algorithm).set_checksum_type(kind);
        begin.send().await.unwrap().upload_id.unwrap()
    };
    let id = begin(ChecksumAlgorithm::Sha256, None).await;
    let part = |id: &str, algorithm| {
        let part = s3.upload_part().bucket(FILES).key("a").upload_id(id);
        let part = part.part_number(1).checksum_algorithm(algorithm);
        part.body(ByteStream::from_static(b"hello")).send()
    };
    let other = part(&id, ChecksumAlgorithm::Crc32C).await.unwrap_err();
    assert_eq!(code(&other), "InvalidRequest");
    let sent = part(&id, ChecksumAlgorithm::Sha256).await.unwrap();
    let listed = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(sent.e_tag);
    let without = complete(&s3, &id, &[listed.clone().build()]).send().await;
    assert_eq!(code(&without.unwrap_err()), "InvalidRequest");
    let listed = listed.set_checksum_sha256(sent.checksum_sha256).build();
    let completed = complete(&s3, &id, &[listed]).send().await.unwrap();
    assert!(completed.checksum_sha256().unwrap().ends_with("=-1"));
    let composite = completed.checksum_type().map(ChecksumType::as_str);
    assert_eq!(composite, Some("COMPOSITE"));

    let whole = Some(ChecksumType::FullObject);
    let id = begin(ChecksumAlgorithm::Crc32, whole).await;
    let sent = part(&id, ChecksumAlgorithm::Crc32).await.unwrap();
    let crc = sent.checksum_crc32().unwrap().to_owned();
    let listed = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(sent.e_tag);
    complete(&s3, &id, &[listed.build()]).send().await.unwrap();
    let head = s3.head_object().bucket(FILES).key("a");
    let head = head
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(head.checksum_crc32(), Some(crc.as_str()));
}
