//! What the document says about parameters.

use utoipa::openapi::{
    OpenApi as Document, RefOr,
    schema::{Schema, SchemaType, Type},
};

use super::operations;

/// Removes `null` from the types of parameters. The code has `Option` for a parameter that can be absent, but a query or a header
/// has no null.
pub fn refuse_null(document: &mut Document) {
    let operations = document.paths.paths.values_mut().flat_map(operations);
    for parameter in operations.flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        let RefOr::T(parameter) = parameter else {
            continue;
        };
        if let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(types) = &mut object.schema_type
        {
            types.retain(|one| *one != Type::Null);
            if let [one] = types.as_slice() {
                object.schema_type = SchemaType::Type(one.clone());
            }
        }
    }
}
