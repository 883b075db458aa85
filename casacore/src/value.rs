//! The values of keywords.

use std::path::{Path, PathBuf};

use ndarray::ArrayD;
use num_complex::{Complex32, Complex64};

use crate::Record;

/// A keyword's value. Arrays are row-major, their axes reversed from casacore's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Bool.
    Bool(bool),
    /// 8-bit unsigned.
    UChar(u8),
    /// 16-bit signed.
    Short(i16),
    /// 32-bit signed.
    Int(i32),
    /// 32-bit unsigned.
    UInt(u32),
    /// 64-bit signed.
    Int64(i64),
    /// 32-bit float.
    Float(f32),
    /// 64-bit float.
    Double(f64),
    /// Complex of 32-bit floats.
    Complex(Complex32),
    /// Complex of 64-bit floats.
    DComplex(Complex64),
    /// Text.
    String(String),
    /// Array of Bool.
    BoolArray(ArrayD<bool>),
    /// Array of UChar.
    UCharArray(ArrayD<u8>),
    /// Array of Short.
    ShortArray(ArrayD<i16>),
    /// Array of Int.
    IntArray(ArrayD<i32>),
    /// Array of UInt.
    UIntArray(ArrayD<u32>),
    /// Array of Int64.
    Int64Array(ArrayD<i64>),
    /// Array of Float.
    FloatArray(ArrayD<f32>),
    /// Array of Double.
    DoubleArray(ArrayD<f64>),
    /// Array of Complex.
    ComplexArray(ArrayD<Complex32>),
    /// Array of DComplex.
    DComplexArray(ArrayD<Complex64>),
    /// Array of String.
    StringArray(ArrayD<String>),
    /// A subtable, by its path; a relative path is relative to the table's directory. It need not exist when read, but must when written.
    Table(PathBuf),
    /// A nested record.
    Record(Record),
}

impl Value {
    /// A one-dimensional array of strings.
    pub fn strings<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        Value::StringArray(vector(values))
    }

    /// A one-dimensional array of doubles.
    pub fn doubles(values: impl IntoIterator<Item = f64>) -> Self {
        Value::DoubleArray(vector(values.into_iter().collect()))
    }

    /// A one-dimensional array of 32-bit integers.
    pub fn ints(values: impl IntoIterator<Item = i32>) -> Self {
        Value::IntArray(vector(values.into_iter().collect()))
    }

    /// The value, if it is a Bool.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value, if it is an integer scalar of any width.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Value::UChar(value) => Some(value.into()),
            Value::Short(value) => Some(value.into()),
            Value::Int(value) => Some(value.into()),
            Value::UInt(value) => Some(value.into()),
            Value::Int64(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if it is a real scalar: a float of either width, or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Value::Float(value) => Some(value.into()),
            Value::Double(value) => Some(value),
            _ => self.as_i64().map(|value| value as f64),
        }
    }

    /// The text, if it is a String.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(value) => Some(value),
            _ => None,
        }
    }

    /// The elements in row-major order, if it is a String or an array of them.
    pub fn to_strings(&self) -> Option<Vec<String>> {
        match self {
            Value::String(value) => Some(vec![value.clone()]),
            Value::StringArray(values) => Some(values.iter().cloned().collect()),
            _ => None,
        }
    }

    /// The elements in row-major order, if it is a real scalar or an array of them.
    pub fn to_f64s(&self) -> Option<Vec<f64>> {
        match self {
            Value::FloatArray(values) => Some(values.iter().map(|&v| v.into()).collect()),
            Value::DoubleArray(values) => Some(values.iter().copied().collect()),
            _ => match self.to_i64s() {
                Some(values) => Some(values.into_iter().map(|v| v as f64).collect()),
                None => self.as_f64().map(|value| vec![value]),
            },
        }
    }

    /// The elements in row-major order, if it is an integer scalar or an array of them.
    pub fn to_i64s(&self) -> Option<Vec<i64>> {
        match self {
            Value::UCharArray(values) => Some(values.iter().map(|&v| v.into()).collect()),
            Value::ShortArray(values) => Some(values.iter().map(|&v| v.into()).collect()),
            Value::IntArray(values) => Some(values.iter().map(|&v| v.into()).collect()),
            Value::UIntArray(values) => Some(values.iter().map(|&v| v.into()).collect()),
            Value::Int64Array(values) => Some(values.iter().copied().collect()),
            _ => self.as_i64().map(|value| vec![value]),
        }
    }

    /// The nested record, if it is one.
    pub fn as_record(&self) -> Option<&Record> {
        match self {
            Value::Record(value) => Some(value),
            _ => None,
        }
    }

    /// The subtable's path, if it is one.
    pub fn as_table(&self) -> Option<&Path> {
        match self {
            Value::Table(value) => Some(value),
            _ => None,
        }
    }
}

/// A vector as a one-dimensional dynamic array.
pub(crate) fn vector<T>(values: Vec<T>) -> ArrayD<T> {
    ndarray::Array1::from_vec(values).into_dyn()
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$variant(value)
            }
        }
    )*};
}

from! {
    bool => Bool, u8 => UChar, i16 => Short, i32 => Int, u32 => UInt, i64 => Int64, f32 => Float, f64 => Double,
    Complex32 => Complex, Complex64 => DComplex, String => String, Record => Record,
    ArrayD<bool> => BoolArray, ArrayD<u8> => UCharArray, ArrayD<i16> => ShortArray, ArrayD<i32> => IntArray,
    ArrayD<u32> => UIntArray, ArrayD<i64> => Int64Array, ArrayD<f32> => FloatArray, ArrayD<f64> => DoubleArray,
    ArrayD<Complex32> => ComplexArray, ArrayD<Complex64> => DComplexArray, ArrayD<String> => StringArray,
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.to_owned())
    }
}
