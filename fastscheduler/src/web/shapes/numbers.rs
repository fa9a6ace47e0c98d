//! Schemas of days and of instants, which types do not tell.

use serde_json::json;
use utoipa::Number;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Array, KnownFormat, Object, Schema, SchemaFormat};

use crate::schedule::DayOfMonth;

/// The last second of the year 9999.
pub(in crate::web) const LAST_SECOND: f64 = 253_402_300_799.0;

/// Days of the week, at least one, 0 = Monday to 6 = Sunday.
pub(super) fn days_of_week() -> Array {
    let days = number(Type::Integer, 0_u64, 6_u64);
    ArrayBuilder::new()
        .items(days)
        .min_items(Some(1))
        .description(Some("The days, 0 = Monday to 6 = Sunday; at least one."))
        .examples([json!([0, 4])])
        .build()
}

/// A day of the month: its number, or `last`.
pub(super) fn day_of_month() -> Schema {
    let last = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([DayOfMonth::LAST])).build();
    OneOfBuilder::new()
        .item(number(Type::Integer, 1_u64, 31_u64))
        .item(last)
        .description(Some("1 to 31, or `last`; months without the day are left out."))
        .build()
        .into()
}

/// Seconds since 1970, or RFC 3339.
pub(in crate::web) fn instant() -> Schema {
    seconds_or_text().build().into()
}

fn seconds_or_text() -> OneOfBuilder {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build();
    OneOfBuilder::new().item(number(Type::Number, 0.0, LAST_SECOND)).item(text)
}

/// Seconds since 1970, RFC 3339, or the id of a run.
pub(in crate::web) fn beginning_of_page() -> Schema {
    seconds_or_text().item(run_of_page()).build().into()
}

/// The id of a run.
pub(in crate::web) fn run_of_page() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^job_(0|[1-9][0-9]{0,9})-[smcr]-[0-9]{1,15}-[0-9]{1,9}$"))
        .build()
        .into()
}

fn number(kind: Type, minimum: impl Into<Number>, maximum: impl Into<Number>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(kind))
        .minimum(Some(minimum))
        .maximum(Some(maximum))
        .build()
}
