#include "trainer/chat/chat_loop.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

constexpr const char* kHelp =
    "/reset           forget what was said\n"
    "/system [TEXT]   begin anew with this system text (without TEXT: the template's own)\n"
    "/save FILE       add the conversation to FILE, one line that `genesis train` can read\n"
    "/exit            leave (so does the end of input, Ctrl-D)\n"
    "Ctrl-C ends an answer. A question that begins with / is written with //.\n";

void save(const ChatSession& session, const std::string& file) {
  if (file.empty()) throw DataError("/save needs the name of a file");
  if (session.conversation().turns.empty()) throw DataError("there is nothing to save yet");
  std::ofstream out(file, std::ios::app | std::ios::binary);
  out << session.record() << std::flush;
  if (!out) throw DiskError("{}: cannot be written: {}", file, std::strerror(errno));
}

class ChatLoop {
 public:
  ChatLoop(ChatSession& session, const ChatIo& io) : session_(session), io_(io) {}

  void run() {
    std::string line;
    while (!left_) {
      if (io_.is_terminal) io_.out << "> " << std::flush;
      const auto result = io_.read(line);
      if (result == LineReader::Result::end) break;
      if (result == LineReader::Result::interrupted) {
        io_.take_interrupt();
        io_.out << "\n(/exit leaves)\n";
        continue;
      }
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      try {
        take(line);
      } catch (const Error& e) {
        if (!io_.is_terminal) throw;
        io_.out << e.what() << '\n';
      }
    }
    if (io_.is_terminal && !left_) io_.out << '\n';
  }

 private:
  void take(const std::string& line) {
    if (line.starts_with("//")) return ask(std::string_view(line).substr(1));
    if (!line.starts_with('/')) return ask(line);
    const size_t space = line.find(' ');
    const std::string word = line.substr(0, space);
    const size_t begin = line.find_first_not_of(' ', space);
    std::string rest = begin == std::string::npos ? "" : line.substr(begin);
    if (word == "/exit" || word == "/quit") {
      left_ = true;
    } else if (word == "/help") {
      io_.out << kHelp;
    } else if (word == "/reset") {
      session_.reset();
    } else if (word == "/system") {
      session_.set_system(rest.empty() ? std::nullopt : std::optional(std::move(rest)));
    } else if (word == "/save") {
      if (io_.writes_files) save(session_, rest);
      if (io_.is_terminal) io_.out << "saved to " << rest << '\n';
    } else {
      throw DataError("'{}' is no command; /help shows them", word);
    }
  }

  void ask(std::string_view question) {
    const Answer a = session_.ask(question, [this](std::string_view piece) {
      io_.out << piece << std::flush;
      return !io_.take_interrupt();
    });
    if (a.finish == FinishReason::length && io_.is_terminal) io_.out << " […]";
    io_.out << '\n' << std::flush;
    if (!io_.out) throw DiskError("the output cannot be written");
  }

  ChatSession& session_;
  const ChatIo& io_;
  bool left_ = false;
};

}  // namespace

void run_chat(ChatSession& session, const ChatIo& io) { ChatLoop(session, io).run(); }

}  // namespace genesis::trainer
