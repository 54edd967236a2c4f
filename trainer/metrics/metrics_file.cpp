#include "trainer/metrics/metrics_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "kernels/core/error.h"
#include "models/safetensors/durable_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const char* what, int error, size_t bytes = 0) {
  if (error == ENOSPC || error == EDQUOT) {
    std::error_code ignored;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    throw DiskError("{}: {}: the disk is full ({} bytes needed, {} free)", path.string(), what, bytes,
                    fs::space(folder, ignored).available);
  }
  throw DiskError("{}: {}: {}", path.string(), what, std::strerror(error));
}

/// The step of a whole line of metrics, or -1.
int64_t step_of(const std::string& line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return -1;
  const auto step = json.find("step");
  return step != json.end() && step->is_number_integer() ? step->get<int64_t>() : -1;
}

std::string lines_up_to(const fs::path& path, int64_t last_step) {
  std::ifstream file(path, std::ios::binary);
  std::string kept;
  for (std::string line; std::getline(file, line);) {
    if (file.eof()) break;  // no newline: a write was cut short
    const int64_t step = step_of(line);
    if (step >= 0 && step <= last_step) kept += line + "\n";
  }
  return kept;
}

void begin_anew(const fs::path& path) {
  std::error_code problem;
  const auto size = fs::file_size(path, problem);
  if (problem || size == 0) return;
  fs::path previous = path;
  previous.replace_extension(".previous" + path.extension().string());
  fs::rename(path, previous, problem);
  if (problem) fail(path, "the metrics of an earlier run cannot be set aside", problem.value());
}

}  // namespace

MetricsFile::MetricsFile(const fs::path& path, int64_t resumed_step) : path_(path) {
  if (resumed_step == 0)
    begin_anew(path_);
  else if (fs::exists(path_))
    models::write_text_file(path_, lines_up_to(path_, resumed_step));
  fd_ = ::open(path_.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0644);
  if (fd_ < 0) fail(path_, "cannot be opened for writing", errno);
}

MetricsFile::MetricsFile(MetricsFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

MetricsFile::~MetricsFile() {
  if (fd_ >= 0) ::close(fd_);
}

void MetricsFile::append(const StepMetrics& metrics) { append_line(to_json_line(metrics) + "\n"); }

void MetricsFile::append_line(const std::string& line) {
  for (size_t done = 0; done < line.size();) {
    const ssize_t n = ::write(fd_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail(path_, "cannot be written", n < 0 ? errno : ENOSPC, line.size() - done);
    done += static_cast<size_t>(n);
  }
}

}  // namespace genesis::trainer
