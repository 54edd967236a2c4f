#include "data/dataset/sha256.h"

#include <openssl/evp.h>

#include "kernels/core/check.h"

namespace genesis::data {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

void Sha256::Free::operator()(Context* context) const { delete context; }

Sha256::Sha256() : context_(new Context) {
  GENESIS_CHECK(context_->evp && EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1,
                "libcrypto cannot start SHA-256");
}

void Sha256::add(const void* bytes, size_t count) {
  GENESIS_CHECK(EVP_DigestUpdate(context_->evp, bytes, count) == 1, "libcrypto cannot continue SHA-256");
}

void Sha256::add_field(std::string_view text) {
  const uint64_t size = text.size();
  add(&size, sizeof size);
  add(text);
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];  // [32] used
  unsigned int size = 0;
  GENESIS_CHECK(EVP_DigestFinal_ex(context_->evp, digest, &size) == 1, "libcrypto cannot end SHA-256");
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace genesis::data
