#pragma once
#include "kernels/core/array.h"

namespace genesis {

/// The same values on `device`: `a` itself when it is there already, else a contiguous copy.
///   To a card: asynchronous, through pinned memory. From a card: returns when the values are there.
Array on_device(const Array& a, Device device);

/// dst = src across devices (or within one); equal shapes and dtypes, both contiguous.
void copy_across(const Array& src, const Array& dst);

/// A copy of a small CPU array on the card, kept beside its storage until the next in-place write: ids,
/// positions, targets and lengths stay on the host, where they are checked, and every operation of a step
/// shares one copy, made beside the kernels (cuda/upload.h). `a` itself when it is on the card.
Array card_copy(const Array& a);

}  // namespace genesis
