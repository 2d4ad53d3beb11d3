//! What the document says about pages of lists.

use utoipa::openapi::{
    OpenApi as Document, Ref, RefOr,
    schema::{ArrayItems, Schema},
};

/// Names the schema of the items of each list. utoipa repeats it, so generated clients would have a type without a name.
pub fn refer_to_items(document: &mut Document) {
    let Some(components) = &mut document.components else {
        return;
    };
    let names: Vec<_> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let item = name.strip_prefix("List_");
        let (Some(item), RefOr::T(Schema::Object(list))) = (item, schema) else {
            continue;
        };
        if let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
            && names.iter().any(|known| known == item)
        {
            let reference = Ref::from_schema_name(item);
            items.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(reference)));
        }
    }
}
