// What was found of a level and is not held against what is known yet: in memory, and where that
// does not suffice in runs.
#pragma once

#include <sys/mman.h>

#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "runs.hpp"
#include "sorted_keys.hpp"

namespace explorer {

// Runs that are removed again.
class Spilled {
   public:
    explicit Spilled(std::string folder) : folder_(std::move(folder)) {}
    ~Spilled() { clear(); }
    Spilled(const Spilled&) = delete;
    Spilled& operator=(const Spilled&) = delete;

    // Write sorted keys, each there once. Throws FileError.
    void add(std::span<const std::uint64_t> keys) {
        if (keys.empty()) return;
        RunWriter writer(folder_ + "/found-" + std::to_string(number_++) + ".bin");
        try {
            Blocks blocks;
            constexpr std::size_t some = 64 * CodedKeys::most;
            for (; !keys.empty(); keys = keys.subspan(std::min(some, keys.size()))) {
                blocks.clear();
                blocks.add(keys.first(std::min(some, keys.size())));
                writer.add(blocks);
            }
            std::unique_ptr<Run> run = writer.finish(false);
            bytes_ += run->bytes();
            std::lock_guard lock(mutex_);
            runs_.push_back(std::move(run));
        } catch (...) {
            writer.give_up();
            throw;
        }
    }

    // Nobody may add meanwhile.
    std::vector<const Run*> runs() const {
        std::vector<const Run*> runs;
        for (const auto& run : runs_) runs.push_back(run.get());
        return runs;
    }
    void clear() {
        for (const auto& run : runs_) run->remove();
        runs_.clear();
        bytes_ = 0;
    }
    std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

   private:
    std::string folder_;
    static inline std::atomic<std::uint64_t> number_{0};  // no two runs of a process have one name
    std::atomic<std::uint64_t> bytes_{0};
    std::mutex mutex_;
    std::vector<std::unique_ptr<Run>> runs_;
};

// What one thread finds.
class Successors {
   public:
    Successors(std::size_t bytes, Spilled& spilled)
        : capacity_(std::max(bytes / sizeof(std::uint64_t), least)), spilled_(&spilled) {
        void* memory = mmap(nullptr, mapped(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        keys_ = static_cast<std::uint64_t*>(memory);
        madvise(memory, mapped(), MADV_HUGEPAGE);
    }
    ~Successors() {
        if (keys_ != nullptr) munmap(keys_, mapped());
    }
    Successors(Successors&& other) noexcept
        : capacity_(other.capacity_), spilled_(other.spilled_),
          keys_(std::exchange(other.keys_, nullptr)), size_(other.size_),
          recent_(std::move(other.recent_)) {}
    Successors& operator=(Successors&&) = delete;

    // Many are found twice within a short time, since steps that do not touch each other lead to
    // one state either way; whether one is cannot be foretold, so there is no branch on it. Throws
    // FileError.
    void add(std::uint64_t key) {
        std::uint64_t& recent = recent_[key * 0x9E3779B97F4A7C15ULL >> (64 - recent_bits)];
        keys_[size_] = key;
        size_ += recent != key;
        recent = key;
        if (size_ >= capacity_) {
            sort();
            if (size_ > capacity_ / 2) spill();
        }
    }

    void sort() { size_ = sort_and_drop_copies({keys_, size_}); }
    // They are sorted.
    std::span<const std::uint64_t> keys() const { return {keys_, size_}; }
    void spill() {
        spilled_->add(keys());
        size_ = 0;
    }

   private:
    static constexpr std::size_t least = 64;
    static constexpr int recent_bits = 16;
    std::size_t mapped() const { return (capacity_ + 1) * sizeof(std::uint64_t); }

    std::size_t capacity_;
    Spilled* spilled_;
    std::uint64_t* keys_ = nullptr;
    std::size_t size_ = 0;
    std::vector<std::uint64_t> recent_ = std::vector<std::uint64_t>(std::size_t{1} << recent_bits);
};

}  // namespace explorer
