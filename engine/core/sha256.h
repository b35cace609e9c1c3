/// Incremental SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace cudenza {

class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte>);
  /// The hash of all bytes, as 64 hexadecimal digits. Finishes: no call may follow.
  std::string hex();

 private:
  struct Release {
    void operator()(evp_md_ctx_st*) const;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

}  // namespace cudenza
