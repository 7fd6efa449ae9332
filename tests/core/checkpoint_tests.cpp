// Tests of checkpoints: a search that is stopped, and files that are not what was written.
#include <filesystem>
#include <fstream>
#include <thread>

#include "checkpoint.hpp"
#include "search.hpp"
#include "support.hpp"

namespace explorer::checkpoint_tests {
namespace {

// Stopped after each few checkpoints, a search goes on in another one, and ends with the same. Return
// whether threads were at work.
template <class AModel>
bool a_search_that_is_stopped_goes_on(const Setting& each, const std::vector<Node>& nodes) {
    AModel model(20);
    const Found expected = Search(model, {}, each).run(nodes, 0, go_on);
    const std::string folder = a_new_folder();
    Checkpoint::Files files;
    int stops = 0;
    for (bool is_over = false; !is_over; ++stops) {
        Search search(model, {}, each);
        int left = 1 + stops % 3;
        const auto commit = [&](const Checkpoint::Files& kept) {
            files = kept;
            return --left > 0;
        };
        Checkpoint checkpoint(search, folder, 0, commit, [](const std::string&) { CHECK(false); });
        if (!files.empty()) checkpoint.restore(files);
        const Found found = search.run(nodes, 0, go_on, &checkpoint);
        is_over = found.ending != Ending::interrupted;
        if (is_over) CHECK(is_same(found, expected));
    }
    CHECK(stops > 5);
    std::filesystem::remove_all(folder);
    return model.has_had_guests(each.threads);
}

// Stopped at the very moment at which a message has too high a number for the keys, it goes on.
void a_search_that_is_stopped_with_keys_outgrown_goes_on() {
    struct Waits : Sender {
        using Sender::Sender;
        std::atomic<Node> waiting{0};
        std::atomic<bool> is_stopped{false};
        std::vector<LocalStep> actions(Node node) override {
            if (node + 1 == waiting)
                while (!is_stopped) std::this_thread::yield();
            return Sender::actions(node);
        }
    };
    const Setting each = setting(2, 1, 12);
    CHECK(messages_at_first(each) == 7);
    Sender expecting(10);
    const Found expected = Search(expecting, {}, each).run({0, 100}, 0, go_on);
    for (const Node sent : {7, 8, 9}) {  // the second is the first that does not fit
        Waits model(10);
        model.waiting = sent;
        const std::string folder = a_new_folder();
        Checkpoint::Files files;
        const auto commit = [&](const Checkpoint::Files& kept) { return files = kept, true; };
        const auto quiet = [](const std::string&) { CHECK(false); };
        {
            Search search(model, {}, each);
            Checkpoint checkpoint(search, folder, 1e9, commit, quiet);
            const auto stop = [&](const Found& found) {
                if (found.depth < sent) return true;
                model.is_stopped = true;
                return false;
            };
            const Found found = search.run({0, 100}, 0, stop, &checkpoint);
            CHECK(found.ending == Ending::interrupted && found.depth >= sent);
        }
        Search search(model, {}, each);
        Checkpoint checkpoint(search, folder, 1e9, commit, quiet);
        checkpoint.restore(files);
        CHECK(is_same(search.run({0, 100}, 0, go_on, &checkpoint), expected));
        std::filesystem::remove_all(folder);
    }
}

void a_file_that_was_changed_is_refused() {
    Counters model(10);
    const std::string folder = a_new_folder();
    Checkpoint::Files files;
    const auto commit = [&](const Checkpoint::Files& kept) { return files = kept, false; };
    const auto quiet = [](const std::string&) {};
    {
        Search search(model, {}, setting(3, 2));
        Checkpoint checkpoint(search, folder, 0, commit, quiet);
        search.run({0, 0, 0}, 0, go_on, &checkpoint);
    }
    for (const auto& [name, extent] : files)
        for (std::uint64_t word = 0; word < extent.words; ++word) {
            std::fstream file(folder + "/" + name, std::ios::in | std::ios::out | std::ios::binary);
            file.seekg(static_cast<std::streamoff>(8 * word));
            const char old = static_cast<char>(file.peek());
            const auto put = [&](char byte) {
                file.seekp(static_cast<std::streamoff>(8 * word));
                file.put(byte).flush();
            };
            put(static_cast<char>(old ^ 4));
            bool refused = false;
            Search search(model, {}, setting(3, 1));
            try {
                Checkpoint(search, folder, 0, commit, quiet).restore(files);
            } catch (const Damaged&) {
                refused = true;
            }
            CHECK(refused);
            put(old);
        }
    std::filesystem::remove_all(folder);
}

}  // namespace

void run() {
    for (unsigned threads : thread_counts) {
        a_search_that_is_stopped_goes_on<Counters>(setting(3, threads), {0, 0, 0});
        CHECK(a_search_that_is_stopped_goes_on<Sender>(setting(2, threads, 3, {1, 1, 1}), {0, 100}));
    }
    a_search_that_is_stopped_with_keys_outgrown_goes_on();
    a_file_that_was_changed_is_refused();
}

}  // namespace explorer::checkpoint_tests
