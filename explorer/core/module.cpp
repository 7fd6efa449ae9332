// The engine as the Python module raft_ref.explorer._core. What it asks of Python is in explorer/engines/native.py.

#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <optional>

#include "checkpoint.hpp"
#include "distributed.hpp"
#include "hashes.hpp"
#include "lasso_ways.hpp"
#include "liveness.hpp"
#include "on_disk.hpp"
#include "progress.hpp"
#include "search.hpp"
#include "walks.hpp"

namespace nb = nanobind;

namespace explorer {

void define_row_search(nb::module_& module);  // rows_module.cpp

namespace {

using LocalTuple = std::tuple<Node, std::vector<Message>, std::uint32_t, std::uint32_t,
                              std::vector<std::uint8_t>>;

LocalStep local_step(const LocalTuple& tuple) {
    const auto& [after, sends, names, names_again, exceeded] = tuple;
    return {after, sends, names, names_again, exceeded};
}

nb::object as_python(const Shape* shape) {
    if (shape == nullptr) return nb::none();
    return nb::make_tuple(shape->nodes, shape->messages, shape->history, shape->faults);
}

// A model whose answers come from a Python object. It is asked with the lock of the interpreter
// held, which the search does not hold otherwise.
class PythonModel : public Model {
   public:
    explicit PythonModel(nb::object object) : object_(std::move(object)) {}
    // A search is destroyed with the lock held.

    // The interpreter's record of a thread is kept between the thread's questions.
    std::shared_ptr<void> guest() override { return std::make_shared<Guest>(); }

    std::vector<LocalStep> actions(Node node) override {
        nb::gil_scoped_acquire lock;
        std::vector<LocalStep> result;
        for (const auto& each : nb::cast<std::vector<LocalTuple>>(object_.attr("actions")(node)))
            result.push_back(local_step(each));
        return result;
    }
    LocalStep restart(Node node) override {
        nb::gil_scoped_acquire lock;
        return local_step(nb::cast<LocalTuple>(object_.attr("restart")(node)));
    }
    LocalStep receive(Node node, Message message) override {
        nb::gil_scoped_acquire lock;
        return local_step(nb::cast<LocalTuple>(object_.attr("receive")(node, message)));
    }
    bool is_obsolete(Node node, Message message) override {
        return ask<bool>("is_obsolete", node, message);
    }
    History observe(History history, Node before, Node after) override {
        return ask<History>("observe", history, before, after);
    }
    std::array<std::uint8_t, 2> channel(Message message) override {
        return ask<std::array<std::uint8_t, 2>>("channel", message);
    }
    Node rename_node(std::uint32_t swap, Node node) override {
        return ask<Node>("rename_node", swap, node);
    }
    Message rename_message(std::uint32_t swap, Message message) override {
        return ask<Message>("rename_message", swap, message);
    }
    History rename_history(std::uint32_t swap, History history) override {
        return ask<History>("rename_history", swap, history);
    }
    void refuse_rename(Node node) override {
        nb::gil_scoped_acquire lock;
        object_.attr("refuse_rename")(node);
    }
    std::uint32_t projection(std::uint32_t property, Node node) override {
        return ask<std::uint32_t>("projection", property, node);
    }
    bool holds(std::uint32_t property, std::span<const std::uint8_t> positions,
               const Shape& before, const Shape* after) override {
        nb::gil_scoped_acquire lock;
        const std::vector<std::uint8_t> at(positions.begin(), positions.end());
        return nb::cast<bool>(
            object_.attr("holds")(property, at, as_python(&before), as_python(after)));
    }
    bool holds_of_message(std::uint32_t property, Message message) override {
        return ask<bool>("holds_of_message", property, message);
    }
    bool local_holds(const StepName& step, const Shape& before) override {
        nb::gil_scoped_acquire lock;
        return nb::cast<bool>(object_.attr("local_holds")(
            static_cast<int>(step.how), step.position, step.number, as_python(&before)));
    }

    std::uint8_t outlook(std::uint32_t question, const Shape& state) override {
        nb::gil_scoped_acquire lock;
        return nb::cast<std::uint8_t>(object_.attr("outlook")(question, as_python(&state)));
    }
    std::uint64_t digest_of_node(Node node) override {
        return ask<std::uint64_t>("digest_of_node", node);
    }
    std::uint64_t digest_of_message(Message message) override {
        return ask<std::uint64_t>("digest_of_message", message);
    }

    struct Guest {
        PyGILState_STATE lock = PyGILState_Ensure();
        PyThreadState* record = PyEval_SaveThread();
        ~Guest() {
            PyEval_RestoreThread(record);
            PyGILState_Release(lock);
        }
    };

   private:
    template <class Answer, class... Arguments>
    Answer ask(const char* method, Arguments... arguments) {
        nb::gil_scoped_acquire lock;
        return nb::cast<Answer>(object_.attr(method)(arguments...));
    }

    nb::object object_;
};

Property property_of(nb::handle from) {
    Property result{};
    const std::string kind = nb::cast<std::string>(from.attr("kind"));
    result.kind = kind == "state" ? Kind::state : kind == "step" ? Kind::step : Kind::message;
    result.is_sometimes = nb::cast<bool>(from.attr("is_sometimes"));
    result.slots = nb::cast<std::uint8_t>(from.attr("slots"));
    const auto reads = nb::cast<std::array<bool, 6>>(from.attr("reads"));
    const auto after = nb::cast<std::array<bool, 6>>(from.attr("reads_after"));
    result.states = reads[0];
    result.messages = reads[1];
    result.history = reads[2];
    result.faults = {reads[3], reads[4], reads[5]};
    result.states_after = after[0];
    result.messages_after = after[1];
    result.history_after = after[2];
    result.faults_after = {after[3], after[4], after[5]};
    return result;
}

using ExtentTuple = std::tuple<std::uint64_t, std::uint64_t>;

Extent extent_of(const ExtentTuple& tuple) { return {std::get<0>(tuple), std::get<1>(tuple)}; }
ExtentTuple as_tuple(const Extent& extent) { return {extent.words, extent.checksum}; }
std::map<std::string, ExtentTuple> as_tuples(const Checkpoint::Files& files) {
    std::map<std::string, ExtentTuple> result;
    for (const auto& [name, extent] : files) result[name] = as_tuple(extent);
    return result;
}

ExtentTuple append_words(const std::string& path, const ExtentTuple& extent,
                         const std::vector<std::uint64_t>& words) {
    nb::gil_scoped_release unlocked;
    Log log(path, extent_of(extent));
    for (std::uint64_t word : words) log.add(word);
    return as_tuple(log.sync());
}

std::vector<std::uint64_t> read_words(const std::string& path, const ExtentTuple& extent) {
    nb::gil_scoped_release unlocked;
    Reader reader(path, extent_of(extent));
    std::vector<std::uint64_t> words;
    while (reader.left() > 0) words.push_back(reader.next());
    return words;
}

// The system's errors with files are those that Python would raise.
void translate(const std::exception_ptr& exception, void*) {
    try {
        std::rethrow_exception(exception);
    } catch (const FileError& error) {
        errno = error.code;
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, error.path.c_str());
    }
}

// An interrupt (Ctrl-C) is noticed here, and stops the search.
std::function<bool(const Found&)> beat(const nb::object& heartbeat) {
    return [&heartbeat](const Found& so_far) {
        nb::gil_scoped_acquire lock;
        if (PyErr_CheckSignals() == 0) {
            try {
                heartbeat(so_far);
                return true;
            } catch (const nb::python_error& error) {
                if (!error.matches(PyExc_KeyboardInterrupt)) throw;
                return false;
            }
        }
        if (!PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) throw nb::python_error();
        PyErr_Clear();
        return false;
    };
}

std::vector<Property> properties_of(nb::list properties) {
    std::vector<Property> result;
    for (nb::handle each : properties) result.push_back(property_of(each));
    return result;
}
Setting setting_of(nb::handle from) {
    Setting setting;
    setting.servers = nb::cast<std::uint32_t>(from.attr("servers"));
    setting.is_fifo = nb::cast<bool>(from.attr("is_fifo"));
    setting.limits = {nb::cast<std::uint64_t>(from.attr("max_messages")),
                      nb::cast<Faults>(from.attr("max_faults")),
                      nb::cast<std::uint64_t>(from.attr("max_depth"))};
    setting.is_reduced = nb::cast<bool>(from.attr("is_reduced"));
    setting.own_bounds = nb::cast<std::size_t>(from.attr("own_bounds"));
    const auto [servers, values] =
        nb::cast<std::tuple<std::uint8_t, std::uint8_t>>(from.attr("renamed"));
    setting.renamed = {servers, values};
    setting.threads = nb::cast<unsigned>(from.attr("threads"));
    setting.memory = nb::cast<std::size_t>(from.attr("memory"));
    return setting;
}

class PythonSearch {
   public:
    PythonSearch(nb::object model, nb::list properties, nb::object setting)
        : model_(std::move(model)), search_(model_, properties_of(properties), setting_of(setting)) {}

    void begin_with(std::vector<Message> messages) { search_.begin_with(std::move(messages)); }

    Found run(const std::vector<Node>& nodes, History history, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.run(nodes, history, beat(heartbeat));
    }

    // The same, going on from what these files keep (if there are any), and keeping what is found.
    Found run_keeping(const std::vector<Node>& nodes, History history, const nb::object& heartbeat,
                      const std::map<std::string, ExtentTuple>& files, const std::string& folder,
                      double every, const nb::object& commit, const nb::object& trouble) {
        nb::gil_scoped_release unlocked;
        Checkpoint checkpoint(
            search_, folder, every,
            [&commit](const Checkpoint::Files& kept) {
                nb::gil_scoped_acquire lock;
                return nb::cast<bool>(commit(as_tuples(kept)));
            },
            [&trouble](const std::string& what) {
                nb::gil_scoped_acquire lock;
                trouble(what);
            });
        Checkpoint::Files extents;
        for (const auto& [name, extent] : files) extents[name] = extent_of(extent);
        if (!extents.empty()) checkpoint.restore(extents);
        return search_.run(nodes, history, beat(heartbeat), &checkpoint);
    }

    Ending find_ways(const std::vector<Node>& nodes, History history, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.find_ways(nodes, history, beat(heartbeat));
    }

    bool is_on_the_way(std::size_t number, std::vector<Node> nodes, std::vector<Message> messages,
                       History history, Faults faults) {
        nb::gil_scoped_release unlocked;
        return search_.is_on_the_way(number,
                                     {std::move(nodes), history, faults, std::move(messages)});
    }

    Outlook look(std::uint32_t question, bool of_servers, const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return progress_.emplace(search_, model_, question, of_servers).look(beat(heartbeat));
    }

    // How many steps lead to the nearest stuck state; -1 if the search was stopped.
    int find_ways_to_stuck(const std::vector<Node>& nodes, History history,
                           const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        Progress& progress = progress_.value();
        if (!progress.find_ways(nodes, history, beat(heartbeat))) return -1;
        return static_cast<int>(progress.reach());
    }

    nb::list stuck_places(std::size_t most) {
        nb::list places;
        for (const Shape& each : progress_.value().stuck_places(most))
            places.append(nb::make_tuple(nb::cast(each.nodes), each.history));
        return places;
    }

    std::vector<std::uint64_t> cut_from(std::vector<Node> nodes, std::vector<Message> messages,
                                        History history, Faults faults,
                                        const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return progress_.value().cut_from({std::move(nodes), history, faults, std::move(messages)},
                                          beat(heartbeat));
    }

    std::vector<bool> reached() const { return search_.verdicts().reached(); }
    Search& search() { return search_; }

   private:
    PythonModel model_;
    Search search_;
    std::optional<Progress> progress_;
};

#include "distributed_binding.hpp"
#include "disk_binding.hpp"
#include "liveness_binding.hpp"
#include "walks_binding.hpp"

}  // namespace
}  // namespace explorer

NB_MODULE(_core, module) {
    using namespace explorer;
    nb::exception<Damaged>(module, "Damaged");
    nb::exception<NoRoom>(module, "NoRoom");
    nb::register_exception_translator(translate);
    module.def("append", append_words);
    module.def("read", read_words);
    nb::enum_<Ending>(module, "Ending")
        .value("COVERED", Ending::covered)
        .value("VIOLATED", Ending::violated)
        .value("INTERRUPTED", Ending::interrupted)
        .value("OUT_OF_MEMORY", Ending::out_of_memory)
        .value("OUT_OF_NUMBERS", Ending::out_of_numbers)
        .value("OUT_OF_DISK", Ending::out_of_disk);
    nb::class_<Found>(module, "Found")
        .def_ro("ending", &Found::ending)
        .def_ro("depth", &Found::depth)
        .def_ro("covered_depth", &Found::covered_depth)
        .def_ro("queue", &Found::queue)
        .def_ro("cut_by_depth", &Found::cut_by_depth)
        .def_ro("bytes", &Found::bytes)
        .def_prop_ro("distinct", [](const Found& found) { return found.tally.distinct; })
        .def_prop_ro("transitions", [](const Found& found) { return found.tally.transitions; })
        .def_prop_ro("names", [](const Found& found) { return found.tally.names; })
        .def_prop_ro("lost", [](const Found& found) { return found.tally.lost; })
        .def_prop_ro("cut", [](const Found& found) { return found.tally.cut; });
    nb::class_<Outlook>(module, "Outlook")
        .def_ro("ending", &Outlook::ending)
        .def_ro("asked", &Outlook::asked)
        .def_ro("stuck", &Outlook::stuck);
    nb::class_<PythonSearch>(module, "Search")
        .def(nb::init<nb::object, nb::list, nb::object>())
        .def("begin_with", &PythonSearch::begin_with)
        .def("run", &PythonSearch::run)
        .def("run_keeping", &PythonSearch::run_keeping)
        .def("find_ways", &PythonSearch::find_ways)
        .def("is_on_the_way", &PythonSearch::is_on_the_way)
        .def("look", &PythonSearch::look)
        .def("find_ways_to_stuck", &PythonSearch::find_ways_to_stuck)
        .def("stuck_places", &PythonSearch::stuck_places)
        .def("cut_from", &PythonSearch::cut_from)
        .def("reached", &PythonSearch::reached);
    define_disk_search(module);
    define_liveness(module);
    define_distributed(module);
    define_walks(module);
    define_row_search(module);
}
