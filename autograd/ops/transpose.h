#pragma once
#include "autograd/tensor.h"

// Tensor::transpose: two dimensions change places, sharing the bytes; the gradient changes them back.
