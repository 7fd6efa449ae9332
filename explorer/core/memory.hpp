// How much memory this process has now.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>

namespace explorer {

inline std::size_t resident_bytes() {
    unsigned long pages = 0, resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace explorer
