#pragma once
#include <string>

#include "bench/gpu/report.h"

namespace genesis::bench {

/// Tokens a second of one text in bf16, of the shape named (checks.h), greedy, after a short prompt.
void measure_decode(Report& report, const std::string& shape, const Wanted& wanted, bool quick);

}  // namespace genesis::bench
