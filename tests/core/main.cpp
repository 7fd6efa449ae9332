// The tests of the core. Which part of them is run is said on the command line.
#include <map>
#include <string>

#include "support.hpp"

#define PART(name)                       \
    namespace explorer::name##_tests {   \
    void run();                          \
    }
PART(tables)
PART(search)
PART(checkpoint)
PART(disk)
PART(walk)
PART(rank)
PART(liveness)
PART(row)

int main(int count, char** words) {
    using namespace explorer;
    const std::map<std::string, void (*)()> parts{
        {"tables", tables_tests::run},         {"search", search_tests::run},
        {"checkpoint", checkpoint_tests::run}, {"disk", disk_tests::run},
        {"walk", walk_tests::run},             {"rank", rank_tests::run},
        {"liveness", liveness_tests::run},     {"row", row_tests::run},
    };
    const auto part = parts.find(count == 2 ? words[1] : "");
    if (part == parts.end()) {
        std::printf("say which part:");
        for (const auto& each : parts) std::printf(" %s", each.first.c_str());
        std::printf("\n");
        return 2;
    }
    part->second();
    return outcome(part->first.c_str());
}
