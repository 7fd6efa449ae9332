// Files of 64-bit words, with a checksum over so much of them as counts.
//
// A file grows at its end only. What counts of it is noted elsewhere, as an extent; what a process
// that was killed wrote after that is cut off by the next one.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mixing.hpp"

namespace explorer {

// The system could not read or write a file.
struct FileError : std::runtime_error {
    FileError(const std::string& path, int code)
        : std::runtime_error(path), path(path), code(code) {}
    std::string path;
    int code;
};

// A file is not what was written.
struct Damaged : std::runtime_error {
    Damaged(const std::string& path, const std::string& why)
        : std::runtime_error(path + ": damaged: " + why) {}
};

// So much of a file counts.
struct Extent {
    std::uint64_t words = 0, checksum = 0;

    // Each step is a bijection of both, so that no change of a single word goes unnoticed.
    void add(std::uint64_t word) {
        ++words;
        checksum = mixed(checksum ^ word) + words;
    }
};

class File {
   public:
    File(const std::string& path, int flags) : path_(path), descriptor_(-1) {
        descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
        if (descriptor_ < 0) fail();
    }
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    File(File&& other) noexcept
        : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&&) = delete;

    const std::string& path() const { return path_; }
    int descriptor() const { return descriptor_; }
    [[noreturn]] void fail() const { throw FileError(path_, errno); }

   private:
    std::string path_;
    int descriptor_;
};

inline File opened_to_read(const std::string& path) {
    try {
        return File(path, O_RDONLY);
    } catch (const FileError& error) {
        if (error.code == ENOENT) throw Damaged(path, "the file is missing");
        throw;
    }
}

class Log {
   public:
    // Go on after what counts of the file.
    Log(const std::string& path, Extent extent) : file_(path, O_WRONLY | O_CREAT), extent_(extent) {
        const auto end = static_cast<off_t>(extent.words * sizeof(std::uint64_t));
        if (::ftruncate(file_.descriptor(), end) < 0 ||
            ::lseek(file_.descriptor(), end, SEEK_SET) < 0)
            file_.fail();
    }

    void add(std::uint64_t word) {
        extent_.add(word);
        buffer_.push_back(word);
        if (buffer_.size() == buffer_size) flush();
    }

    // Return what counts, once it would outlive a loss of power.
    Extent sync() {
        flush();
        if (::fsync(file_.descriptor()) < 0) file_.fail();
        return extent_;
    }

   private:
    static constexpr std::size_t buffer_size = std::size_t{1} << 16;

    void flush() {
        const char* from = reinterpret_cast<const char*>(buffer_.data());
        std::size_t left = buffer_.size() * sizeof(std::uint64_t);
        while (left > 0) {
            const ssize_t written = ::write(file_.descriptor(), from, left);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) file_.fail();
            from += written;
            left -= static_cast<std::size_t>(written);
        }
        buffer_.clear();
    }

    File file_;
    Extent extent_;
    std::vector<std::uint64_t> buffer_;
};

class Reader {
   public:
    // Read a file from its beginning, after the checksum was compared.
    Reader(const std::string& path, Extent expected) : file_(opened_to_read(path)) {
        left_ = expected.words;
        Extent found;
        while (left_ > 0) found.add(next());
        if (found.checksum != expected.checksum) throw Damaged(path, "the checksum differs");
        if (::lseek(file_.descriptor(), 0, SEEK_SET) < 0) file_.fail();
        left_ = expected.words;
        buffer_.clear();
        at_ = 0;
    }

    std::uint64_t left() const { return left_; }

    std::uint64_t next() {
        if (left_ == 0) misfit();
        if (at_ == buffer_.size()) fill();
        --left_;
        return buffer_[at_++];
    }

    [[noreturn]] void misfit() const {
        throw Damaged(file_.path(), "it does not fit the other files");
    }

   private:
    static constexpr std::size_t buffer_size = std::size_t{1} << 16;

    void fill() {
        buffer_.resize(std::min<std::uint64_t>(left_, buffer_size));
        char* to = reinterpret_cast<char*>(buffer_.data());
        std::size_t wanted = buffer_.size() * sizeof(std::uint64_t);
        while (wanted > 0) {
            const ssize_t got = ::read(file_.descriptor(), to, wanted);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) file_.fail();
            if (got == 0) throw Damaged(file_.path(), "the file is cut short");
            to += got;
            wanted -= static_cast<std::size_t>(got);
        }
        at_ = 0;
    }

    File file_;
    std::uint64_t left_ = 0;
    std::vector<std::uint64_t> buffer_;
    std::size_t at_ = 0;
};

}  // namespace explorer
