#pragma once
#include "autograd/tensor.h"

// Tensor::to: the values in another dtype; the gradient comes back in the old one.
