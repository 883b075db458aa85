//! Records as bytes, the way they cross to C++ and back: one format, both ways, within one process.
//!
//! A record is a count and that many fields; a field is a name, a tag, and the value. Numbers are in the machine's own byte
//! order. An array's tag is its element's plus 32, its shape is in casacore's order (fastest axis first), and its elements follow
//! in memory order, which is row-major for the reversed shape.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use ndarray::{ArrayD, IxDyn};
use num_complex::Complex;

use crate::{Record, Value};

const ARRAY: u8 = 32;
const BOOL: u8 = 0;
const UCHAR: u8 = 1;
const SHORT: u8 = 2;
const INT: u8 = 4;
const UINT: u8 = 5;
const INT64: u8 = 6;
const FLOAT: u8 = 7;
const DOUBLE: u8 = 8;
const COMPLEX: u8 = 9;
const DCOMPLEX: u8 = 10;
const STRING: u8 = 11;
const TABLE: u8 = 12;
const RECORD: u8 = 13;

/// A number, or a string, as the format writes it.
pub(crate) trait Item: Sized {
    /// Appends the bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes the bytes off the front.
    fn take(input: &mut &[u8]) -> Result<Self, String>;
}

macro_rules! item {
    ($($type:ty),*) => {$(
        impl Item for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_ne_bytes());
            }
            fn take(input: &mut &[u8]) -> Result<Self, String> {
                let (bytes, rest) = input.split_first_chunk().ok_or_else(short)?;
                *input = rest;
                Ok(Self::from_ne_bytes(*bytes))
            }
        }
    )*};
}

item!(u8, i16, i32, u32, i64, u64, f32, f64);

impl Item for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(input: &mut &[u8]) -> Result<Self, String> {
        Ok(u8::take(input)? != 0)
    }
}

impl<T: Item> Item for Complex<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.re.put(out);
        self.im.put(out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, String> {
        Ok(Complex::new(T::take(input)?, T::take(input)?))
    }
}

impl Item for String {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), out);
    }
    fn take(input: &mut &[u8]) -> Result<Self, String> {
        // casacore's strings are bytes; those that are not UTF-8 keep what can be read of them.
        Ok(String::from_utf8_lossy(take_bytes(input)?).into_owned())
    }
}

fn short() -> String {
    "a record from the shim ends too early".to_owned()
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).put(out);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], String> {
    let length = usize::try_from(u64::take(input)?).map_err(|_| short())?;
    let (bytes, rest) = input.split_at_checked(length).ok_or_else(short)?;
    *input = rest;
    Ok(bytes)
}

fn put_array<T: Item>(tag: u8, array: &ArrayD<T>, out: &mut Vec<u8>) {
    out.push(tag + ARRAY);
    // casacore has no arrays without axes that hold a value.
    let shape: &[usize] = match array.shape() {
        [] => &[1],
        shape => shape,
    };
    (shape.len() as u64).put(out);
    for &n in shape.iter().rev() {
        (n as u64).put(out);
    }
    for item in array {
        item.put(out);
    }
}

fn take_array<T: Item>(input: &mut &[u8]) -> Result<ArrayD<T>, String> {
    let ndim = usize::try_from(u64::take(input)?).map_err(|_| short())?;
    let mut shape = Vec::new();
    for _ in 0..ndim {
        shape.push(usize::try_from(u64::take(input)?).map_err(|_| short())?);
    }
    shape.reverse();
    // casacore's array without axes is empty; NumPy's holds one value.
    if shape.is_empty() {
        shape.push(0);
    }
    let count = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).ok_or_else(short)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(T::take(input)?);
    }
    ArrayD::from_shape_vec(IxDyn(&shape), items).map_err(|error| error.to_string())
}

/// `value` on its own.
fn put_value(value: &Value, out: &mut Vec<u8>) {
    fn scalar<T: Item>(tag: u8, item: &T, out: &mut Vec<u8>) {
        out.push(tag);
        item.put(out);
    }
    match value {
        Value::Bool(v) => scalar(BOOL, v, out),
        Value::UChar(v) => scalar(UCHAR, v, out),
        Value::Short(v) => scalar(SHORT, v, out),
        Value::Int(v) => scalar(INT, v, out),
        Value::UInt(v) => scalar(UINT, v, out),
        Value::Int64(v) => scalar(INT64, v, out),
        Value::Float(v) => scalar(FLOAT, v, out),
        Value::Double(v) => scalar(DOUBLE, v, out),
        Value::Complex(v) => scalar(COMPLEX, v, out),
        Value::DComplex(v) => scalar(DCOMPLEX, v, out),
        Value::String(v) => scalar(STRING, v, out),
        Value::BoolArray(v) => put_array(BOOL, v, out),
        Value::UCharArray(v) => put_array(UCHAR, v, out),
        Value::ShortArray(v) => put_array(SHORT, v, out),
        Value::IntArray(v) => put_array(INT, v, out),
        Value::UIntArray(v) => put_array(UINT, v, out),
        Value::Int64Array(v) => put_array(INT64, v, out),
        Value::FloatArray(v) => put_array(FLOAT, v, out),
        Value::DoubleArray(v) => put_array(DOUBLE, v, out),
        Value::ComplexArray(v) => put_array(COMPLEX, v, out),
        Value::DComplexArray(v) => put_array(DCOMPLEX, v, out),
        Value::StringArray(v) => put_array(STRING, v, out),
        Value::Table(path) => {
            out.push(TABLE);
            put_bytes(path.as_os_str().as_bytes(), out);
        }
        Value::Record(record) => {
            out.push(RECORD);
            put_record(record, out);
        }
    }
}

fn take_value(input: &mut &[u8]) -> Result<Value, String> {
    Ok(match u8::take(input)? {
        BOOL => Value::Bool(Item::take(input)?),
        UCHAR => Value::UChar(Item::take(input)?),
        SHORT => Value::Short(Item::take(input)?),
        INT => Value::Int(Item::take(input)?),
        UINT => Value::UInt(Item::take(input)?),
        INT64 => Value::Int64(Item::take(input)?),
        FLOAT => Value::Float(Item::take(input)?),
        DOUBLE => Value::Double(Item::take(input)?),
        COMPLEX => Value::Complex(Item::take(input)?),
        DCOMPLEX => Value::DComplex(Item::take(input)?),
        STRING => Value::String(Item::take(input)?),
        TABLE => Value::Table(PathBuf::from(OsString::from_vec(take_bytes(input)?.to_vec()))),
        RECORD => Value::Record(take_record(input)?),
        tag => match tag.wrapping_sub(ARRAY) {
            BOOL => Value::BoolArray(take_array(input)?),
            UCHAR => Value::UCharArray(take_array(input)?),
            SHORT => Value::ShortArray(take_array(input)?),
            INT => Value::IntArray(take_array(input)?),
            UINT => Value::UIntArray(take_array(input)?),
            INT64 => Value::Int64Array(take_array(input)?),
            FLOAT => Value::FloatArray(take_array(input)?),
            DOUBLE => Value::DoubleArray(take_array(input)?),
            COMPLEX => Value::ComplexArray(take_array(input)?),
            DCOMPLEX => Value::DComplexArray(take_array(input)?),
            STRING => Value::StringArray(take_array(input)?),
            _ => return Err(format!("a record from the shim has the unknown tag {tag}")),
        },
    })
}

fn put_record(record: &Record, out: &mut Vec<u8>) {
    (record.len() as u64).put(out);
    for (name, value) in record.iter() {
        put_bytes(name.as_bytes(), out);
        put_value(value, out);
    }
}

fn take_record(input: &mut &[u8]) -> Result<Record, String> {
    let count = u64::take(input)?;
    let mut record = Record::new();
    for _ in 0..count {
        let name = String::take(input)?;
        let value = take_value(input)?;
        record.set(name, value);
    }
    Ok(record)
}

/// A record as bytes.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    put_record(record, &mut out);
    out
}

/// The record in `bytes`.
pub(crate) fn decode(mut bytes: &[u8]) -> Result<Record, String> {
    let record = take_record(&mut bytes)?;
    if bytes.is_empty() { Ok(record) } else { Err("bytes are left after a record from the shim".to_owned()) }
}

/// Strings as bytes, one after the other.
pub(crate) fn encode_strings<'a>(strings: impl Iterator<Item = &'a String>) -> Vec<u8> {
    let mut out = Vec::new();
    for string in strings {
        string.put(&mut out);
    }
    out
}

/// All strings in `bytes`.
pub(crate) fn decode_strings(mut bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut strings = Vec::new();
    while !bytes.is_empty() {
        strings.push(String::take(&mut bytes)?);
    }
    Ok(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_bytes_are_errors() {
        let record = Record::new().with("a", "text").with("b", Value::ints([1, 2]));
        let bytes = encode(&record);
        assert_eq!(decode(&bytes), Ok(record));
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "cut at {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(decode(&longer).is_err());
    }
}
