//! What is written comes back: every type, storage manager and byte order.

mod common;
#[path = "round_trip/many_rows.rs"]
mod many_rows;

use std::fmt::Debug;
use std::path::Path;

use casacore::{Access, ColumnShape, ColumnSpec, DataType, Element, Endian, Error, Scalar, Storage, Table};
use common::place;
use ndarray::{Array, ArrayD, ArrayView, Axis, IxDyn, s};
use num_complex::{Complex32, Complex64};

const ROWS: usize = 11;
/// A cell in NumPy order: channels, correlations.
const CELL: [usize; 2] = [5, 3];

fn cube<T>(value: impl Fn(usize) -> T) -> ArrayD<T> {
    let mut count = 0;
    Array::from_shape_simple_fn(IxDyn(&[ROWS, CELL[0], CELL[1]]), || {
        count += 1;
        value(count - 1)
    })
}

/// The storage managers with the shapes each can hold.
fn storages(data_type: DataType) -> Vec<(Storage, ColumnShape)> {
    let fixed = ColumnShape::Fixed(CELL.to_vec());
    let variable = ColumnShape::Variable { ndim: Some(2) };
    let free = ColumnShape::Variable { ndim: None };
    let mut all = vec![
        (Storage::Standard, fixed.clone()),
        (Storage::Standard, variable.clone()),
        (Storage::Standard, free),
        (Storage::Incremental, fixed.clone()),
        (Storage::Incremental, variable.clone()),
    ];
    if data_type != DataType::String {
        // Tiles that divide neither the rows nor the cells.
        let tile = vec![4, 2, 2];
        all.push((Storage::TiledShape { tile: tile.clone() }, fixed.clone()));
        all.push((Storage::TiledShape { tile: tile.clone() }, variable.clone()));
        all.push((Storage::TiledColumn { tile }, fixed.clone()));
        all.push((Storage::TiledCell { tile: vec![2, 2] }, fixed));
        all.push((Storage::TiledCell { tile: vec![2, 2] }, variable));
    }
    all
}

fn arrays<T: Element + PartialEq + Debug>(data_type: DataType, values: &ArrayD<T>) {
    for endian in [Endian::Little, Endian::Big] {
        for (storage, shape) in storages(data_type) {
            let (_folder, path) = place();
            let what = format!("{data_type:?} {endian:?} {storage:?} {shape:?}");
            let column = ColumnSpec::array("X", data_type, shape.clone(), storage);
            let table = Table::create(&path, &[column], ROWS as u64, endian, "").expect(&what);
            // In two pieces and a cell, so that row ranges count.
            table.put_cells("X", 0, values.slice(s![..4, .., ..]).into_dyn()).expect(&what);
            table.put_cells("X", 4, values.slice(s![4..10, .., ..]).into_dyn()).expect(&what);
            table.put_cell("X", 10, values.index_axis(Axis(0), 10)).expect(&what);
            table.close().expect(&what);

            let table = Table::open(&path, Access::ReadOnly).expect(&what);
            assert_eq!(table.endian(), endian, "{what}");
            let description = table.column("X").expect(&what);
            assert_eq!((description.data_type, &description.shape), (data_type, &shape), "{what}");
            assert_eq!(&table.cells::<T>("X", 0..ROWS as u64).expect(&what), values, "{what}");
            assert_eq!(table.cell::<T>("X", 7).expect(&what), values.index_axis(Axis(0), 7), "{what}");
            let mut part = ArrayD::from_elem(IxDyn(&[6, CELL[0], CELL[1]]), T::default());
            table.cells_into("X", 3, part.view_mut()).expect(&what);
            assert_eq!(part, values.slice(s![3..9, .., ..]).into_dyn(), "{what}");
        }
    }
}

fn scalars<T: Scalar + PartialEq + Debug>(data_type: DataType, values: &[T]) {
    for endian in [Endian::Little, Endian::Big] {
        for storage in [Storage::Standard, Storage::Incremental] {
            let (_folder, path) = place();
            let what = format!("{data_type:?} {endian:?} {storage:?}");
            let column = ColumnSpec { storage, manager: String::new(), ..ColumnSpec::scalar("X", data_type) };
            let rows = values.len() as u64;
            let table = Table::create(&path, &[column], rows, endian, "").expect(&what);
            table.put_scalars("X", 0, &values[..2]).expect(&what);
            table.put_scalars("X", 2, &values[2..]).expect(&what);
            table.close().expect(&what);
            let table = Table::open(&path, Access::ReadOnly).expect(&what);
            assert_eq!(table.scalars::<T>("X", 0..rows).expect(&what), values, "{what}");
            assert_eq!(table.scalars::<T>("X", 1..3).expect(&what), values[1..3], "{what}");
            assert_eq!(table.column("X").expect(&what).shape, ColumnShape::Scalar);
        }
    }
}

#[test]
fn every_type_of_array() {
    arrays(DataType::Bool, &cube(|i| i % 3 == 0));
    arrays(DataType::Int, &cube(|i| i as i32 * 1_000_003 - 7));
    arrays(DataType::UInt, &cube(|i| u32::MAX - i as u32));
    arrays(DataType::Int64, &cube(|i| i64::MIN + i as i64));
    arrays(DataType::Float, &cube(|i| i as f32 * 0.1));
    arrays(DataType::Double, &cube(|i| i as f64 * 0.1));
    arrays(DataType::Complex, &cube(|i| Complex32::new(i as f32, -0.5)));
    arrays(DataType::DComplex, &cube(|i| Complex64::new(0.1, i as f64)));
    arrays(DataType::String, &cube(|i| format!("text {i} é")));
}

#[test]
fn every_type_of_scalar() {
    scalars(DataType::Bool, &[true, false, false, true]);
    scalars(DataType::UChar, &[0_i32, 1, 200, 255]);
    scalars(DataType::Short, &[-32768_i32, -1, 0, 32767]);
    scalars(DataType::UShort, &[0_i32, 1, 40000, 65535]);
    scalars(DataType::Int, &[i32::MIN, -1, 0, i32::MAX]);
    scalars(DataType::UInt, &[0_u32, 1, 2, u32::MAX]);
    scalars(DataType::Int64, &[i64::MIN, -1, 0, i64::MAX]);
    scalars(DataType::Float, &[f32::MIN, -0.0, f32::INFINITY, 0.1]);
    scalars(DataType::Double, &[f64::MIN, -0.0, f64::INFINITY, 0.1]);
    let complex = Complex32::new(1.5, -2.5);
    scalars(DataType::Complex, &[complex, complex * 2.0, complex, complex * 3.0]);
    let complex = Complex64::new(0.1, -0.2);
    scalars(DataType::DComplex, &[complex, complex * 2.0, complex, complex * 3.0]);
    let text = ["", "é", "a much longer text than a bucket's slot for short ones", "x"];
    scalars(DataType::String, &text.map(str::to_owned));
}

#[test]
fn narrow_types_widen_and_come_back() {
    let (_folder, path) = place();
    let table = Table::create(
        &path,
        &[
            ColumnSpec::scalar("SHORT", DataType::Short),
            ColumnSpec::scalar("USHORT", DataType::UShort),
            ColumnSpec::scalar("UCHAR", DataType::UChar),
            ColumnSpec::scalar("FLOAT", DataType::Float),
            ColumnSpec::scalar("COMPLEX", DataType::Complex),
            ColumnSpec::array("SHORTS", DataType::Short, ColumnShape::Fixed(vec![2]), Storage::Standard),
        ],
        2,
        Endian::Big,
        "",
    )
    .expect("a new table");
    table.put_scalars("SHORT", 0, &[-5_i64, 7]).expect("they fit");
    assert_eq!(table.scalars::<i32>("SHORT", 0..2).expect("i32"), [-5, 7]);
    assert_eq!(table.scalars::<i64>("SHORT", 0..2).expect("i64"), [-5, 7]);
    table.put_scalars("UCHAR", 0, &[255_u32, 0]).expect("they fit");
    assert_eq!(table.scalars::<u32>("UCHAR", 0..2).expect("u32"), [255, 0]);
    table.put_scalars("FLOAT", 0, &[0.5_f32, 0.25]).expect("the same type");
    assert_eq!(table.scalars::<f64>("FLOAT", 0..2).expect("f64"), [0.5, 0.25]);
    table.put_scalars("COMPLEX", 1, &[Complex32::new(1.0, 2.0)]).expect("the same type");
    assert_eq!(table.scalars::<Complex64>("COMPLEX", 1..2).expect("wider"), [Complex64::new(1.0, 2.0)]);
    let shorts = ndarray::arr2(&[[1, -2], [3, -4]]).into_dyn();
    table.put_cells::<i32>("SHORTS", 0, shorts.view()).expect("they fit");
    assert_eq!(table.cells::<i32>("SHORTS", 0..2).expect("i32"), shorts);

    // What does not fit is refused and leaves the old values.
    for value in [40_000_i32, -40_000, i32::MIN] {
        let error = table.put_scalars("SHORT", 0, &[1, value]).expect_err("too large");
        assert!(error.to_string().contains(&value.to_string()), "{error}");
    }
    assert!(table.put_scalars("UCHAR", 0, &[-1_i32]).is_err());
    assert!(table.put_scalars("USHORT", 0, &[-1_i32]).is_err());
    assert!(table.put_scalars("USHORT", 0, &[-1_i64]).is_err());
    assert_eq!(table.scalars::<i32>("SHORT", 0..2).expect("i32"), [-5, 7]);
    // Nor are floats narrowed, or widened to the other kind.
    assert!(matches!(table.put_scalars("FLOAT", 0, &[0.1_f64]), Err(Error::Type { .. })));
    assert!(matches!(table.scalars::<f64>("SHORT", 0..2), Err(Error::Type { .. })));
    assert!(matches!(table.scalars::<u32>("SHORT", 0..2), Err(Error::Type { .. })));
}

#[test]
fn undefined_cells_and_cells_of_many_shapes() {
    for storage in [
        Storage::Standard,
        Storage::TiledShape { tile: vec![2, 2, 2] },
        Storage::TiledCell { tile: vec![2, 2] },
    ] {
        let (_folder, path) = place();
        let shape = ColumnShape::Variable { ndim: Some(2) };
        let column = ColumnSpec::array("X", DataType::Float, shape, storage.clone());
        let table = Table::create(&path, &[column], 4, Endian::Little, "").expect("a new table");
        let what = format!("{storage:?}");
        let small = ArrayD::from_elem(IxDyn(&[2, 1]), 1.0_f32);
        let large = ArrayD::from_elem(IxDyn(&[3, 4]), 2.0_f32);
        table.put_cell("X", 0, small.view()).expect(&what);
        table.put_cell("X", 1, small.view()).expect(&what);
        table.put_cell("X", 2, large.view()).expect(&what);
        table.flush().expect("flush");
        let shapes: Vec<_> = (0..4).map(|row| table.cell_shape("X", row).expect("a shape")).collect();
        assert_eq!(shapes, [Some(vec![2, 1]), Some(vec![2, 1]), Some(vec![3, 4]), None], "{storage:?}");
        assert_eq!(table.cell::<f32>("X", 2).expect("row 2"), large);
        assert_eq!(table.cells::<f32>("X", 0..2).expect("one shape").shape(), [2, 2, 1]);
        assert!(matches!(table.cells::<f32>("X", 0..3), Err(Error::Shape { .. })));
        assert!(matches!(table.cells::<f32>("X", 2..4), Err(Error::Undefined { row: 3, .. })));
        assert!(matches!(table.cell::<f32>("X", 3), Err(Error::Undefined { row: 3, .. })));
        let mut buffer = ArrayD::zeros(IxDyn(&[2, 3, 4]));
        assert!(matches!(table.cells_into::<f32>("X", 0, buffer.view_mut()), Err(Error::Shape { .. })));
        // A variable cell can be given another shape, except in a tiled column that has one already.
        if storage == Storage::Standard {
            table.put_cell("X", 0, large.view()).expect("another shape");
            assert_eq!(table.cell_shape("X", 0).expect("a shape"), Some(vec![3, 4]));
        }
        assert!(matches!(
            table.put_cell("X", 0, large.view().insert_axis(Axis(0))),
            Err(Error::Shape { .. })
        ));
    }
}

#[test]
fn new_fixed_columns_are_zero_and_any_layout_can_be_written() {
    let (_folder, path) = place();
    let table = common::small(&path, 5);
    assert!(table.cells::<Complex32>("DATA", 0..5).expect("zeros").iter().all(|v| *v == Complex32::ZERO));
    assert_eq!(table.scalars::<f64>("TIME", 0..5).expect("zeros"), [0.0; 5]);
    let column = ColumnSpec {
        keywords: casacore::Record::new().with("UNIT", "Jy"),
        ..ColumnSpec::array(
            "MODEL_DATA",
            DataType::Complex,
            ColumnShape::Fixed(vec![3, 2]),
            Storage::TiledShape { tile: vec![2, 3, 2] },
        )
    };
    table.add_column(&column).expect("a new column");
    table.flush().expect("flush");
    assert!(matches!(table.add_column(&column), Err(Error::Invalid(_))));
    assert!(
        table.cells::<Complex32>("MODEL_DATA", 0..5).expect("zeros").iter().all(|v| *v == Complex32::ZERO)
    );
    assert_eq!(table.column_keywords("MODEL_DATA").expect("keywords").get("UNIT"), Some(&"Jy".into()));
    // [corr, chan, row] in memory, seen as [row, chan, corr].
    let turned = Array::from_shape_fn((2, 3, 5), |(corr, chan, row)| {
        Complex32::new((row * 100 + chan * 10 + corr) as f32, 0.0)
    });
    let view = turned.view().reversed_axes().into_dyn();
    table.put_cells("MODEL_DATA", 0, view.view()).expect("written");
    let back = table.cells::<Complex32>("MODEL_DATA", 0..5).expect("read");
    assert_eq!(back[[4, 2, 1]].re, 421.0);
    assert_eq!(back, view);
    // A buffer that is not in standard layout cannot be filled.
    let mut buffer = turned.clone();
    let target = buffer.view_mut().reversed_axes().into_dyn();
    assert!(matches!(table.cells_into::<Complex32>("MODEL_DATA", 0, target), Err(Error::Shape { .. })));
    // Rows added later are zero as well.
    table.add_rows(2).expect("more rows");
    assert_eq!(table.row_count(), 7);
    assert_eq!(table.cells::<Complex32>("MODEL_DATA", 5..7).expect("zeros").sum(), Complex32::ZERO);
    let empty = table.cells::<Complex32>("MODEL_DATA", 3..3).expect("no rows");
    assert_eq!(empty.shape(), [0, 3, 2]);
    assert_eq!(table.scalars::<f64>("TIME", 7..7).expect("no rows"), [0.0; 0]);
}

fn rows_of(path: &Path) -> Vec<f64> {
    let table = Table::open(path, Access::ReadOnly).expect("the table");
    table.scalars("TIME", 0..table.row_count()).expect("times")
}

#[test]
fn two_handles_are_one_table() {
    let (_folder, path) = place();
    let table = common::small(&path, 2);
    table.put_scalars("TIME", 0, &[1.0, 2.0]).expect("times");
    assert_eq!(rows_of(&path), [1.0, 2.0]);
    // A link to the table must not become a second casacore object with locks of its own.
    let link = path.with_file_name("link.tab");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    table.put_scalars("TIME", 0, &[3.0, 4.0]).expect("times, not flushed");
    assert_eq!(rows_of(&link), [3.0, 4.0]);
    drop(table);
    assert_eq!(rows_of(&path), [3.0, 4.0]);
}

#[test]
fn paths_may_hold_anything() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["with space", "ünï", "dollar$5", "~tilde", "quote'\"", "dot.", "plus+[1]"] {
        let path = folder.path().join(name);
        common::small(&path, 1).put_scalars("TIME", 0, &[5.0]).expect(name);
        assert!(path.join("table.dat").exists(), "{name}");
        assert_eq!(rows_of(&path), [5.0], "{name}");
    }
    // casacore would go to another place for this one; HOME is set wherever tests run.
    let path = folder.path().join("dollar$HOME");
    let error = Table::create(&path, &[], 0, Endian::Little, "").expect_err("refused");
    assert!(error.to_string().contains("rename"), "{error}");
}

#[test]
fn a_view_of_a_part_is_written_without_its_neighbours() {
    let (_folder, path) = place();
    let table = common::small(&path, 4);
    let block = [Complex32::new(1.0, 1.0); 12];
    let view = ArrayView::from_shape(IxDyn(&[2, 3, 2]), &block).expect("a view");
    table.put_cells("DATA", 1, view).expect("rows 1 and 2");
    let back = table.cells::<Complex32>("DATA", 0..4).expect("all rows");
    let sums: Vec<f32> = back.outer_iter().map(|row| row.sum().re).collect();
    assert_eq!(sums, [0.0, 6.0, 6.0, 0.0]);
}
