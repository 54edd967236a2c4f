#pragma once
#include "autograd/tensor.h"

// Tensor::slice and Tensor::select: parts of one dimension, sharing the bytes. Their gradient is zero outside
// the part.
