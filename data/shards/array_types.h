#pragma once
#include <hdf5.h>

#include "data/shards/array_kind.h"

namespace genesis::data {

/// The HDF5 type of a kind, as it is in the file and in memory.
inline hid_t hdf5_type(ArrayKind kind) {
  switch (kind) {
    case ArrayKind::bytes:
      return H5T_STD_U8LE;
    case ArrayKind::int32:
      return H5T_STD_I32LE;
    case ArrayKind::int64:
      return H5T_STD_I64LE;
    case ArrayKind::uint64:
      break;
  }
  return H5T_STD_U64LE;
}

}  // namespace genesis::data
