// What a rank does together with the others, so that none is missing where they meet: whatever makes
// one rank stop, all learn in the next round, and stop there. What one fails with it throws when all
// are done: before that the others would wait for it.
#pragma once

#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "files.hpp"
#include "peers.hpp"

namespace explorer {

// Thrown by whatever cannot go on.
struct Stop {
    Ending ending;
};

class Together {
   public:
    Together(Space& space, const Setting& setting, Peers& peers) : post_(space, setting, peers) {}

    Post& post() { return post_; }
    const Post& post() const { return post_; }
    // How the others stood when all met last.
    const Standing& others() const { return others_; }

    void begin() {
        failure_ = nullptr;
        ending_ = Ending::covered;
        others_ = Standing{};
    }
    bool goes_on() const { return !failure_ && ending_ == Ending::covered; }
    // Have this rank stop, and so all.
    void stop(Ending ending) { ending_ = std::max(ending_, ending); }

    // Do what may throw. After that this rank does no more than tell the others.
    template <class Do>
    void attempt(Do something) {
        if (!goes_on()) return;
        try {
            something();
        } catch (const Stop& stop) {
            ending_ = stop.ending;
        } catch (const FileError& error) {
            trouble_ = error.path + ": " + std::strerror(error.code);
            ending_ = Ending::out_of_disk;
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    // Send what there is for the others, tell how this rank stands, and return how all do. Calls
    // expect(count) and then arrived(key) for states that come from another rank; again(f) calls f
    // until it does not throw Overflow.
    template <class Again, class Expect, class Arrived>
    Standing meet(Standing own, Again again, Expect expect, Arrived arrived) {
        own.has_failed = failure_ != nullptr;
        own.ending = ending_;
        const auto read = [&](Inbox& inbox, const Parcel& parcel, Numbers& numbers) {
            attempt([&] { inbox.read(parcel, numbers, again, expect, arrived); });
        };
        const Standing all = post_.meet(own, read);
        others_ = all;
        others_.distinct -= own.distinct;
        others_.transitions -= own.transitions;
        return all;
    }

    // The failure may know, as one of Python's does, of whoever has this search: so it is not kept.
    void throw_what_failed() {
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }
    // What could not be written, and why; nothing if all could.
    const std::string& trouble() const { return trouble_; }

   private:
    Post post_;
    Standing others_;
    std::exception_ptr failure_;
    Ending ending_ = Ending::covered;
    std::string trouble_;
};

}  // namespace explorer
