//! Reads what every_dtype has written with the crate safetensors: rust_reader FILE
//!
//! Each value has to be what the same rule gives here. Exit status 1 and a line for each tensor of which one is not.

use safetensors::{Dtype, SafeTensors};
use std::process::ExitCode;

const COUNT: u64 = 24;
const SHAPE: [usize; 3] = [2, 3, 4];

struct Expected {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

fn tensor(name: &'static str, dtype: Dtype, element: impl Fn(u64) -> Vec<u8>) -> Expected {
    let data = (0..COUNT).flat_map(element).collect();
    Expected {
        name,
        dtype,
        shape: SHAPE.to_vec(),
        data,
    }
}

/// Integers have the upper bytes of one of 64 bits; signed ones have the same bits.
fn integers(name: &'static str, dtype: Dtype, size: usize) -> Expected {
    tensor(name, dtype, |n| {
        let whole = (1_u64 << 63).wrapping_add(n.wrapping_mul(0x0b21_642c_8590_b216));
        whole.to_le_bytes()[8 - size..].to_vec()
    })
}

fn expected() -> Vec<Expected> {
    let mut complex128 = tensor("complex128", Dtype::F64, |n| {
        [n as f64, 0.0 - n as f64 / 2.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect()
    });
    complex128.shape.push(2); // the format has no such type: two numbers
    vec![
        integers("int8", Dtype::I8, 1),
        integers("int16", Dtype::I16, 2),
        integers("int32", Dtype::I32, 4),
        integers("int64", Dtype::I64, 8),
        integers("uint8", Dtype::U8, 1),
        integers("uint16", Dtype::U16, 2),
        integers("uint32", Dtype::U32, 4),
        integers("uint64", Dtype::U64, 8),
        tensor("float16", Dtype::F16, |n| {
            (0x3c00 + 16 * n as u16).to_le_bytes().to_vec()
        }),
        tensor("bfloat16", Dtype::BF16, |n| {
            (0x3f80 + 2 * n as u16).to_le_bytes().to_vec()
        }),
        tensor("float32", Dtype::F32, |n| {
            ((n as f32 - 12.0) / 3.0).to_le_bytes().to_vec()
        }),
        tensor("float64", Dtype::F64, |n| {
            ((n as f64 - 12.0) / 3.0).to_le_bytes().to_vec()
        }),
        tensor("complex64", Dtype::C64, |n| {
            [n as f32, 0.0 - n as f32 / 2.0]
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect()
        }),
        complex128,
        tensor("boolean", Dtype::BOOL, |n| vec![u8::from(n % 3 == 0)]),
        Expected {
            name: "größe \"1\"\n",
            dtype: Dtype::F64,
            shape: vec![],
            data: 2.5_f64.to_le_bytes().to_vec(),
        },
        Expected {
            name: "empty",
            dtype: Dtype::F32,
            shape: vec![0, 3],
            data: vec![],
        },
        Expected {
            name: "string",
            dtype: Dtype::U8,
            shape: vec![7],
            data: b"Strasse".to_vec(),
        },
    ]
}

fn differences(file: &[u8]) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let found = SafeTensors::deserialize(file)?;
    let expected = expected();
    let mut wrong = vec![];
    if found.len() != expected.len() {
        wrong.push(format!(
            "there are {} tensors, and not {}",
            found.len(),
            expected.len()
        ));
    }
    for one in &expected {
        let got = found.tensor(one.name)?;
        if got.dtype() != one.dtype || got.shape() != one.shape {
            wrong.push(format!(
                "'{}' is {:?} {:?}, and not {:?} {:?}",
                one.name,
                got.dtype(),
                got.shape(),
                one.dtype,
                one.shape
            ));
        } else if got.data() != one.data {
            wrong.push(format!("'{}' has another value", one.name));
        }
    }
    Ok(wrong)
}

fn main() -> ExitCode {
    let path = std::env::args().nth(1).expect("rust_reader FILE");
    let file = std::fs::read(&path).expect("the file can be read");
    match differences(&file) {
        Ok(wrong) if wrong.is_empty() => {
            println!(
                "safetensors for Rust: {} tensors, each value as it was saved",
                expected().len()
            );
            ExitCode::SUCCESS
        }
        Ok(wrong) => {
            println!("WRONG:\n  {}", wrong.join("\n  "));
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("WRONG: {error}");
            ExitCode::FAILURE
        }
    }
}
