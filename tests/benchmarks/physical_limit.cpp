// The physical limit of a search: how fast can 8-byte keys be put into a table in memory?
//
//     physical_limit DISTINCT PROBES [VARIANT...]
//
// An exact search does at least one random access a transition: it asks whether the state is new,
// and keeps it if so. This program does that and nothing else: PROBES insertions of pseudo-random
// keys, of which DISTINCT are new, into one open-addressing table that has room for them at a load
// of 0.375 to 0.75. It prints one JSON object, by variant the probes a second:
//
//     plain       1 thread, one probe after the other, as one would write it
//     prefetch1   1 thread, batches of 32 prefetched, huge pages
//     prefetch2   2 threads that share the table, otherwise the same
//
// Making the keys is part of the time: a few multiplications and shifts, next to nothing.

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Key = std::uint64_t;

constexpr Key kEmpty = 0;
constexpr std::size_t kBatch = 32;

// A bijection that scatters (the finalizer of SplitMix64): distinct numbers make distinct keys,
// and consecutive ones fall anywhere in the table. Only 0 becomes 0.
Key scattered(Key number) {
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
    number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
    return number ^ (number >> 31);
}

// The key of the n-th probe. The first probe of each state is spread evenly over the run, and every
// other probe is of a state that was seen before, any of them as likely: in a breadth-first search
// most are younger, which makes no difference to a table without locality.
class Probes {
public:
    Probes(std::uint64_t distinct, std::uint64_t probes)
        : share_((static_cast<Wide>(distinct) << 64) / probes - (distinct == probes)) {}

    Key operator[](std::uint64_t probe) const {
        const std::uint64_t seen = known(probe);
        const bool is_new = known(probe + 1) > seen;
        return scattered(1 + (is_new ? seen : uniform(probe, seen)));
    }

private:
    using Wide = unsigned __int128;

    // How many states were seen before a probe.
    std::uint64_t known(std::uint64_t probe) const {
        return (static_cast<Wide>(probe) * share_ + UINT64_MAX) >> 64;
    }

    // A pseudo-random number below a limit.
    static std::uint64_t uniform(std::uint64_t probe, std::uint64_t limit) {
        return static_cast<Wide>(scattered(~probe)) * limit >> 64;
    }

    // The part of the probes that find a new state, in units of 2^-64.
    std::uint64_t share_;
};

// An open-addressing table with linear probing, shared by threads: a key is never moved, and a slot
// is claimed by one compare-and-swap.
class Table {
public:
    Table(std::size_t capacity, bool huge_pages)
        : bytes_(capacity * sizeof(Slot)), mask_(capacity - 1) {
        void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            std::perror("mmap");
            std::exit(EXIT_FAILURE);
        }
        madvise(memory, bytes_, huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
        slots_ = static_cast<Slot*>(memory);
        // Fresh pages cost their clearing; a search that grows its table pays for it elsewhere.
        for (std::size_t slot = 0; slot < capacity; slot += 4096 / sizeof(Slot)) {
            slots_[slot].store(kEmpty, std::memory_order_relaxed);
        }
    }
    ~Table() { munmap(slots_, bytes_); }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    void prefetch(Key key) const { __builtin_prefetch(&slots_[key & mask_], 1); }

    // Insert a key; true if it is new.
    bool insert(Key key) {
        for (std::size_t at = key & mask_;; at = (at + 1) & mask_) {
            Key found = slots_[at].load(std::memory_order_relaxed);
            if (found == key) return false;
            if (found != kEmpty) continue;
            if (slots_[at].compare_exchange_strong(found, key, std::memory_order_relaxed)) {
                return true;
            }
            if (found == key) return false;
        }
    }

private:
    using Slot = std::atomic<Key>;
    static_assert(Slot::is_always_lock_free);

    Slot* slots_;
    std::size_t bytes_;
    std::size_t mask_;
};

std::uint64_t insert_plainly(Table& table, const Probes& probes, std::uint64_t from,
                             std::uint64_t to) {
    std::uint64_t added = 0;
    for (std::uint64_t probe = from; probe < to; ++probe) added += table.insert(probes[probe]);
    return added;
}

std::uint64_t insert_in_batches(Table& table, const Probes& probes, std::uint64_t from,
                                std::uint64_t to) {
    std::uint64_t added = 0;
    std::array<Key, kBatch> keys;
    while (from < to) {
        const std::size_t size = to - from < kBatch ? to - from : kBatch;
        for (std::size_t i = 0; i < size; ++i) table.prefetch(keys[i] = probes[from + i]);
        for (std::size_t i = 0; i < size; ++i) added += table.insert(keys[i]);
        from += size;
    }
    return added;
}

struct Variant {
    std::string_view name;
    unsigned threads;
    bool is_batched;
};

constexpr std::array kVariants{
    Variant{"plain", 1, false},
    Variant{"prefetch1", 1, true},
    Variant{"prefetch2", 2, true},
};

// The least power of two that holds the keys at a load of at most 0.75.
std::size_t capacity_for(std::uint64_t distinct) {
    std::size_t capacity = kBatch;
    while (3 * capacity < 4 * distinct) capacity *= 2;
    return capacity;
}

// The seconds that all probes into one table take. Each thread takes chunks in turn, so that all
// are at the same age of the search.
double fill_once(const Variant& variant, std::uint64_t distinct, std::uint64_t count) {
    constexpr std::uint64_t kChunk = 1 << 12;
    const Probes probes(distinct, count);
    Table table(capacity_for(distinct), variant.is_batched);
    std::atomic<std::uint64_t> next = 0, added = 0;
    const auto work = [&] {
        const auto insert = variant.is_batched ? insert_in_batches : insert_plainly;
        for (std::uint64_t from; (from = next.fetch_add(kChunk)) < count;) {
            added += insert(table, probes, from, from + kChunk < count ? from + kChunk : count);
        }
    };
    const auto started = std::chrono::steady_clock::now();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < variant.threads; ++thread) threads.emplace_back(work);
    threads.clear();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - started;
    if (added != distinct) {
        std::fprintf(stderr, "%llu keys were added, not %llu\n",
                     static_cast<unsigned long long>(added.load()),
                     static_cast<unsigned long long>(distinct));
        std::exit(EXIT_FAILURE);
    }
    return seconds.count();
}

// Probes a second; a small table is filled again and again, lest the start of threads counts.
double measure(const Variant& variant, std::uint64_t distinct, std::uint64_t count) {
    constexpr double kLongEnough = 0.25;
    double seconds = 0;
    std::uint64_t done = 0;
    while (seconds < kLongEnough) {
        seconds += fill_once(variant, distinct, count);
        done += count;
    }
    return static_cast<double>(done) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t distinct = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
    const std::uint64_t probes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (distinct == 0 || probes < distinct) {
        std::fprintf(stderr,
                     "usage: physical_limit DISTINCT PROBES [VARIANT...], DISTINCT <= PROBES\n");
        return 2;
    }
    const std::vector<std::string_view> wanted(argv + 3, argv + argc);
    const char* separator = "{";
    for (const Variant& variant : kVariants) {
        bool is_wanted = wanted.empty();
        for (const std::string_view name : wanted) is_wanted |= name == variant.name;
        if (!is_wanted) continue;
        std::printf("%s\"%s\": %.0f", separator, variant.name.data(),
                    measure(variant, distinct, probes));
        std::fflush(stdout);
        separator = ", ";
    }
    std::puts("}");
}
