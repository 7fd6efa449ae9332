// The hash function of all tables here.
#pragma once

#include <cstdint>

namespace explorer {

inline std::uint64_t mixed(std::uint64_t key) {  // the finalizer of MurmurHash3, a bijection
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    key ^= key >> 33;
    key *= 0xc4ceb9fe1a85ec53ULL;
    return key ^ (key >> 33);
}

}  // namespace explorer
