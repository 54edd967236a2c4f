#include "image.h"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <vector>

#include "fault.h"

namespace genesis::emulation {
namespace {

struct Symbol {
  uintptr_t begin, end;
  std::string name;  // mangled
};

struct Image {
  uintptr_t base = 0, end = 0;
  std::string path;
  std::vector<Symbol> functions, shared;  // by address

  Image() {
    char link[4096];
    const ssize_t length = readlink("/proc/self/exe", link, sizeof(link));
    path.assign(link, length > 0 ? size_t(length) : 0);
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* self) {
          auto& image = *static_cast<Image*>(self);
          image.base = info->dlpi_addr;
          for (int i = 0; i < info->dlpi_phnum; ++i)
            if (const auto& part = info->dlpi_phdr[i]; part.p_type == PT_LOAD)
              image.end = std::max(image.end, uintptr_t(info->dlpi_addr + part.p_vaddr + part.p_memsz));
          return 1;  // the first is the program
        },
        this);
    read_symbols();
  }

  void read_symbols() {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const auto* header = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
    if (bytes.size() < sizeof(*header) || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
    const auto* sections = reinterpret_cast<const Elf64_Shdr*>(bytes.data() + header->e_shoff);
    for (int s = 0; s < header->e_shnum; ++s) {
      if (sections[s].sh_type != SHT_SYMTAB) continue;
      const char* names = bytes.data() + sections[sections[s].sh_link].sh_offset;
      const auto* symbols = reinterpret_cast<const Elf64_Sym*>(bytes.data() + sections[s].sh_offset);
      for (size_t i = 0; i < sections[s].sh_size / sizeof(Elf64_Sym); ++i) {
        const Elf64_Sym& symbol = symbols[i];
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= header->e_shnum) continue;
        const Symbol found{base + symbol.st_value, base + symbol.st_value + symbol.st_size,
                           names + symbol.st_name};
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) functions.push_back(found);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && found.name.starts_with("_ZZ") &&
            found.name.find("genesis") != std::string::npos &&
            (sections[symbol.st_shndx].sh_flags & SHF_WRITE) != 0)
          shared.push_back(found);
      }
    }
    for (auto* list : {&functions, &shared})
      std::sort(list->begin(), list->end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  }
};

const Image& program() {
  static const Image* one = new Image;
  return *one;
}

const Symbol* find(const std::vector<Symbol>& symbols, uintptr_t at) {
  auto found = std::upper_bound(symbols.begin(), symbols.end(), at,
                                [](uintptr_t a, const Symbol& s) { return a < s.begin; });
  if (found == symbols.begin()) return nullptr;
  --found;
  return at < found->end ? &*found : nullptr;
}

std::string demangled(const std::string& name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string out = status == 0 ? text : name;
  std::free(text);
  for (const char* noise : {"genesis::", "kernels::", "(anonymous namespace)::", "cuda::"})
    for (size_t at; (at = out.find(noise)) != std::string::npos;) out.erase(at, std::strlen(noise));
  return out;
}

}  // namespace

Extent image() { return {program().base, program().end}; }

Extent static_shared() {
  const auto& shared = program().shared;
  return shared.empty() ? Extent{} : Extent{shared.front().begin, shared.back().end};
}

Extent shared_variable(uintptr_t address) {
  const Symbol* s = find(program().shared, address);
  return s ? Extent{s->begin, s->end} : Extent{};
}

std::string name_of_variable(uintptr_t address) {
  const Symbol* s = find(program().shared, address);
  if (!s) return "no variable";
  const std::string whole = demangled(s->name);
  return whole.substr(whole.rfind("::") == std::string::npos ? 0 : whole.rfind("::") + 2);
}

size_t static_shared_bytes(const void* kernel) {
  static auto* known = new std::map<const void*, size_t>;
  const auto [at, fresh] = known->try_emplace(kernel, 0);
  const Symbol* function = find(program().functions, reinterpret_cast<uintptr_t>(kernel));
  if (!fresh || !function) return at->second;
  const std::string inside = "_ZZ" + function->name.substr(2) + "E";
  for (const Symbol& s : program().shared)
    if (s.name.starts_with(inside)) at->second += s.end - s.begin;
  return at->second;
}

std::string name_of_function(uintptr_t code) {
  const Symbol* s = find(program().functions, code);
  if (!s) return "an unnamed function";
  const std::string whole = demangled(s->name);
  return whole.substr(0, whole.find('('));
}

std::string place_of(uintptr_t return_address) {
  if (is_catching()) return name_of_function(return_address - 1);
  static auto* known = new std::map<uintptr_t, std::string>;
  const auto [at, fresh] = known->try_emplace(return_address);
  if (!fresh) return at->second;
  char command[4352];
  std::snprintf(command, sizeof(command), "addr2line -Ce '%s' 0x%zx 2>/dev/null", program().path.c_str(),
                size_t(return_address - 1 - program().base));
  std::string line;
  if (FILE* pipe = popen(command, "r")) {
    char text[1024];
    if (std::fgets(text, sizeof(text), pipe)) line = text;
    pclose(pipe);
  }
  while (!line.empty() && line.back() == '\n') line.pop_back();
  if (line.empty() || line[0] == '?') line = "?";
  if (const size_t tail = line.rfind('/'); tail != std::string::npos) line = line.substr(tail + 1);
  return at->second = line + " in " + name_of_function(return_address - 1);
}

}  // namespace genesis::emulation
