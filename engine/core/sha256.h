/// SHA-256 (FIPS 180-4) of what comes piece by piece, by OpenSSL.
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
  /// The hash of all that came, as 64 hexadecimal digits. Ends the work: nothing may come after.
  std::string hex();

 private:
  struct Release {
    void operator()(evp_md_ctx_st*) const;
  };
  std::unique_ptr<evp_md_ctx_st, Release> context_;
};

}  // namespace cudenza
