// Runs: files of sorted keys, each key once.
//
// A run is blocks of keys, and an index of them at its end. Each block has a checksum of its own;
// what the extent of a run has is that of the index, so that a run can be opened without being read.
// It is written from its beginning to its end and read so. Neither is left in the cache of the
// system, which would else have all of memory. A run is open while it is read only: there may be more
// of them than a process may have files open.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>

#include "coded_keys.hpp"
#include "files.hpp"

namespace explorer {

// Blocks, with the first key of each and where it begins, in words.
struct Blocks {
    struct Place {
        std::uint64_t first, begin;
    };
    std::vector<std::uint64_t> words;
    std::vector<Place> index;
    std::uint64_t size = 0;  // keys

    void add(std::span<const std::uint64_t> keys) {
        size += keys.size();
        for (; !keys.empty(); keys = keys.subspan(std::min(keys.size(), CodedKeys::most))) {
            index.push_back({keys[0], words.size()});
            CodedKeys::add(keys.first(std::min(keys.size(), CodedKeys::most)), words);
        }
    }
    void clear() {
        words.clear();
        index.clear();
        size = 0;
    }
};

class Run {
   public:
    // Open a run. Throws Damaged or FileError.
    Run(const std::string& path, Extent expected) : path_(path), extent_(expected) {
        const File file = opened();
        constexpr std::uint64_t tail = 2;
        if (extent_.words < tail || words_in(file) < extent_.words) cut_short();
        std::vector<std::uint64_t> end(tail);
        read(file, end.data(), extent_.words - tail, tail);
        const std::uint64_t blocks = end[0];
        if (blocks > (extent_.words - tail) / 2) differs();
        end_ = extent_.words - tail - 2 * blocks;
        std::vector<std::uint64_t> words(extent_.words - end_);
        read(file, words.data(), end_, words.size());
        if (checksum(words, extent_.words).checksum != extent_.checksum) differs();
        for (std::uint64_t at = 0; at < blocks; ++at)
            index_.push_back({words[2 * at], words[2 * at + 1]});
        size_ = words.back();
    }
    // One whose index is known.
    Run(const std::string& path, Extent extent, std::vector<Blocks::Place> index, std::uint64_t end,
        std::uint64_t size)
        : path_(path), extent_(extent), index_(std::move(index)), end_(end), size_(size) {}

    const std::string& path() const { return path_; }
    const Extent& extent() const { return extent_; }
    std::uint64_t bytes() const { return extent_.words * sizeof(std::uint64_t); }
    std::uint64_t size() const { return size_; }
    std::size_t blocks() const { return index_.size(); }
    std::uint64_t first(std::size_t block) const { return index_[block].first; }

    // The first block that may have a key that is not less than this one.
    std::size_t block_of(std::uint64_t key) const {
        const std::size_t after = block_after(key);
        return after == 0 ? 0 : after - 1;
    }
    // The first block that has only keys that are greater.
    std::size_t block_after(std::uint64_t key) const {
        const auto found =
            std::upper_bound(index_.begin(), index_.end(), key,
                             [](std::uint64_t one, const Blocks::Place& other) {
                                 return one < other.first;
                             });
        return static_cast<std::size_t>(found - index_.begin());
    }

    // Reads some blocks, one after the other.
    class Reader {
       public:
        Reader(const Run& run, std::size_t from, std::size_t to)
            : run_(run), next_(from), read_(from), to_(to) {}

        // The keys of the next block, until another one is read; none after the last. Throws Damaged
        // or FileError.
        std::span<const std::uint64_t> next() {
            if (next_ >= to_) return {};
            if (next_ == read_) fill();
            const std::uint64_t begin = run_.begin_of(next_), end = run_.begin_of(next_ + 1);
            const std::span block(buffer_.data() + (begin - begin_), end - begin);
            if (!CodedKeys::is_whole(block) || CodedKeys::first(block) != run_.first(next_))
                run_.differs();
            ++next_;
            return {keys_.data(), CodedKeys::read(block, keys_.data())};
        }

       private:
        static constexpr std::size_t piece = std::size_t{1} << 15, beyond = 2;  // words

        void fill() {
            begin_ = run_.begin_of(next_);
            do ++read_;
            while (read_ < to_ && run_.begin_of(read_ + 1) - begin_ <= piece);
            const std::uint64_t size = run_.begin_of(read_) - begin_;
            buffer_.resize(size + beyond);
            if (!file_) file_.emplace(run_.opened());
            run_.read(*file_, buffer_.data(), begin_, size);
            run_.forget_up_to(*file_, begin_);
        }

        const Run& run_;
        std::optional<File> file_;
        std::size_t next_, read_, to_;
        std::uint64_t begin_ = 0;
        std::vector<std::uint64_t> buffer_;
        std::array<std::uint64_t, CodedKeys::most> keys_;
    };

    // Call visit(key) for each. Throws Damaged or FileError.
    template <class Visit>
    void each(Visit visit) const {
        Reader reader(*this, 0, blocks());
        for (auto keys = reader.next(); !keys.empty(); keys = reader.next())
            for (std::uint64_t key : keys) visit(key);
    }

    void remove() const { ::unlink(path().c_str()); }

   private:
    friend class RunWriter;
    static constexpr std::uint64_t lump = std::uint64_t{1} << 20;  // bytes

    File opened() const { return opened_to_read(path_); }
    static Extent checksum(const std::vector<std::uint64_t>& words, std::uint64_t all) {
        Extent found;
        for (std::uint64_t word : words) found.add(word);
        found.words = all;
        return found;
    }
    [[noreturn]] void cut_short() const { throw Damaged(path(), "the file is cut short"); }
    [[noreturn]] void differs() const { throw Damaged(path(), "the checksum differs"); }

    static std::uint64_t words_in(const File& file) {
        struct stat found;
        if (::fstat(file.descriptor(), &found) < 0) file.fail();
        return static_cast<std::uint64_t>(found.st_size) / sizeof(std::uint64_t);
    }
    std::uint64_t begin_of(std::size_t block) const {
        return block < index_.size() ? index_[block].begin : end_;
    }

    void read(const File& file, std::uint64_t* words, std::uint64_t from,
              std::uint64_t count) const {
        char* to = reinterpret_cast<char*>(words);
        std::size_t left = count * sizeof(std::uint64_t);
        auto place = static_cast<off_t>(from * sizeof(std::uint64_t));
        while (left > 0) {
            const ssize_t got = ::pread(file.descriptor(), to, left, place);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) file.fail();
            if (got == 0) cut_short();
            to += got;
            place += got;
            left -= static_cast<std::size_t>(got);
        }
    }

    // Whoever reads has come so far: what is before that is not kept in memory, lump by lump.
    void forget_up_to(const File& file, std::uint64_t word) const {
        const std::uint64_t now = word * sizeof(std::uint64_t);
        std::uint64_t before = forgotten_.load(std::memory_order_relaxed);
        if (now < before && before - now > 4 * lump) {
            forgotten_.store(0, std::memory_order_relaxed);  // from the beginning again
        } else if (now > before + 2 * lump &&
                   forgotten_.compare_exchange_strong(before, now - lump)) {
            ::posix_fadvise(file.descriptor(), static_cast<off_t>(before),
                            static_cast<off_t>(now - lump - before), POSIX_FADV_DONTNEED);
        }
    }

    std::string path_;
    Extent extent_;
    std::vector<Blocks::Place> index_;
    std::uint64_t end_ = 0, size_ = 0;  // words of blocks; keys
    mutable std::atomic<std::uint64_t> forgotten_{0};
};

class RunWriter {
   public:
    explicit RunWriter(const std::string& path) : file_(path, O_WRONLY | O_CREAT | O_TRUNC) {}

    // Add blocks whose keys are greater than all before. Throws FileError.
    void add(const Blocks& blocks) {
        for (const Blocks::Place& each : blocks.index)
            index_.push_back({each.first, words_ + each.begin});
        size_ += blocks.size;
        write(blocks.words);
    }

    std::uint64_t size() const { return size_; }
    std::uint64_t bytes() const { return words_ * sizeof(std::uint64_t); }

    // The whole run; `to_last` says whether it is to outlive a loss of power.
    std::unique_ptr<Run> finish(bool to_last) {
        const std::uint64_t end = words_;
        std::vector<std::uint64_t> tail;
        for (const Blocks::Place& each : index_) {
            tail.push_back(each.first);
            tail.push_back(each.begin);
        }
        tail.push_back(index_.size());
        tail.push_back(size_);
        write(tail);
        if (to_last && ::fsync(file_.descriptor()) < 0) file_.fail();
        ::posix_fadvise(file_.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
        return std::make_unique<Run>(file_.path(), Run::checksum(tail, words_), std::move(index_),
                                     end, size_);
    }

    // Leave nothing behind.
    void give_up() const { ::unlink(file_.path().c_str()); }

   private:
    static constexpr std::uint64_t lump = std::uint64_t{1} << 23;  // bytes

    void write(const std::vector<std::uint64_t>& words) {
        const char* from = reinterpret_cast<const char*>(words.data());
        std::size_t left = words.size() * sizeof(std::uint64_t);
        while (left > 0) {
            const ssize_t written = ::write(file_.descriptor(), from, left);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) file_.fail();
            from += written;
            left -= static_cast<std::size_t>(written);
        }
        words_ += words.size();
        push_out();
    }

    // Let the system write what is full of a lump, and forget what it has written of the one before.
    void push_out() {
        const int file = file_.descriptor();
        for (; bytes() >= pushed_ + lump; pushed_ += lump) {
            ::sync_file_range(file, static_cast<off_t>(pushed_), lump, SYNC_FILE_RANGE_WRITE);
            if (pushed_ < lump) continue;
            const auto before = static_cast<off_t>(pushed_ - lump);
            ::sync_file_range(file, before, lump,
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                                  SYNC_FILE_RANGE_WAIT_AFTER);
            ::posix_fadvise(file, before, lump, POSIX_FADV_DONTNEED);
        }
    }

    File file_;
    std::vector<Blocks::Place> index_;
    std::uint64_t words_ = 0, size_ = 0, pushed_ = 0;
};

}  // namespace explorer
