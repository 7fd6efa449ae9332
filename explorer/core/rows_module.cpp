// The search of rows as part of the Python module raft_ref.explorer._core. What it asks of Python is in
// spec/checker/core.py.

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "row_search.hpp"

namespace nb = nanobind;

namespace explorer {
namespace {

// A specification whose answers come from a Python object. Where that raises an exception, there is
// no answer; the search is told so, and whoever takes the step instead meets the exception again.
class PythonRows : public RowModel {
   public:
    explicit PythonRows(nb::object object) : object_(std::move(object)) {}

    std::optional<bool> may_pick(Word action, Row row) override {
        return ask<bool>("may_pick", action, tuple(row));
    }
    std::optional<std::vector<Word>> elements(Word action, Word set, Row row) override {
        return ask<std::vector<Word>>("elements", action, set, tuple(row));
    }
    std::optional<std::vector<Path>> paths(Word action, Row row, Elements picked) override {
        const auto found = ask<std::vector<PathTuple>>("paths", action, tuple(row), tuple(picked));
        if (!found) return std::nullopt;
        return paths_of(*found);
    }
    Traced<bool> traced_may_pick(Word action, Row row) override {
        const auto found =
            ask<std::pair<std::vector<Word>, std::optional<bool>>>("traced_may_pick", action, tuple(row));
        return found ? Traced<bool>{found->first, found->second} : Traced<bool>{};
    }
    Traced<std::vector<Path>> traced_paths(Word action, Row row, Elements picked) override {
        const auto found = ask<std::pair<std::vector<Word>, std::optional<std::vector<PathTuple>>>>(
            "traced_paths", action, tuple(row), tuple(picked));
        Traced<std::vector<Path>> traced;
        if (!found) return traced;
        traced.reads = found->first;
        if (found->second) traced.answer = paths_of(*found->second);
        return traced;
    }
    std::optional<Word> residual(Word number, Row before, Row after) override {
        return ask<Word>("residual", number, tuple(before), tuple(after));
    }
    std::optional<std::vector<std::vector<Word>>> computed(Word action, Row row) override {
        return ask<std::vector<std::vector<Word>>>("computed", action, tuple(row));
    }
    std::optional<bool> holds(Word condition, Row before, Row after) override {
        return ask<bool>("holds", condition, tuple(before), tuple(after));
    }
    Traced<bool> traced_holds(Word condition, Row before, Row after) override {
        const auto found = ask<std::pair<std::vector<Word>, std::optional<bool>>>(
            "traced_holds", condition, tuple(before), tuple(after));
        return found ? Traced<bool>{found->first, found->second} : Traced<bool>{};
    }
    Word whole(Word group, Row row) override {
        return nb::cast<Word>(object_.attr("whole")(group, tuple(row)));
    }
    std::optional<Word> view(Row row) override { return ask<Word>("view", tuple(row)); }
    std::pair<Word, Word> least(Word renamings, Word number) override {
        return nb::cast<std::pair<Word, Word>>(object_.attr("least")(renamings, number));
    }
    void forget() override { object_.attr("forget")(); }

    nb::object& object() { return object_; }

   private:
    using Input = std::tuple<Word, bool>;
    using ResidualTuple = std::tuple<Word, std::optional<Word>, std::vector<Input>>;
    using PathTuple =
        std::tuple<bool, std::vector<std::pair<Word, Word>>, std::vector<ResidualTuple>>;

    static std::vector<Path> paths_of(const std::vector<PathTuple>& found) {
        std::vector<Path> paths;
        for (const auto& [is_dead, changes, residuals] : found) {
            Path& path = paths.emplace_back(Path{is_dead, changes, {}});
            for (const auto& [number, to, inputs] : residuals) {
                Residual& residual =
                    path.residuals.emplace_back(Residual{number, to.value_or(Residual::test), {}});
                for (const auto& [place, is_primed] : inputs) residual.inputs.push_back({place, is_primed});
            }
        }
        return paths;
    }
    static nb::tuple tuple(std::span<const Word> words) {
        nb::list listed;
        for (Word word : words) listed.append(word);
        return nb::tuple(listed);
    }
    template <class Answer, class... Arguments>
    std::optional<Answer> ask(const char* method, Arguments... arguments) {
        try {
            return nb::cast<Answer>(object_.attr(method)(arguments...));
        } catch (const nb::python_error& error) {
            if (!error.matches(PyExc_Exception)) throw;  // an interrupt, for one
            return std::nullopt;
        }
    }

    nb::object object_;
};

RowSetting row_setting_of(nb::handle from) {
    using Words = std::vector<Word>;
    RowSetting setting;
    setting.places = nb::cast<std::size_t>(from.attr("places"));
    setting.groups = nb::cast<std::vector<Words>>(from.attr("groups"));
    setting.last_places = nb::cast<Words>(from.attr("last_places"));
    for (const auto& [reads, sets, is_computed, is_traced, has_guard] :
         nb::cast<std::vector<std::tuple<Words, std::vector<Words>, bool, bool, bool>>>(
             from.attr("actions")))
        setting.actions.push_back({reads, sets, is_computed, is_traced, has_guard});
    for (const auto& [reads, after, is_traced] :
         nb::cast<std::vector<std::tuple<Words, Words, bool>>>(from.attr("conditions")))
        setting.conditions.push_back({reads, after, is_traced});
    setting.invariants = nb::cast<Words>(from.attr("invariants"));
    setting.constraints = nb::cast<Words>(from.attr("constraints"));
    setting.step_constraints = nb::cast<Words>(from.attr("step_constraints"));
    for (const auto& [condition, exempt] :
         nb::cast<std::vector<std::pair<Word, std::optional<Word>>>>(from.attr("demands")))
        setting.demands.push_back({condition, exempt.value_or(RowSetting::none)});
    setting.view = nb::cast<std::optional<Words>>(from.attr("view"));
    setting.is_symmetric = nb::cast<bool>(from.attr("is_symmetric"));
    setting.check_deadlock = nb::cast<bool>(from.attr("check_deadlock"));
    setting.memory = nb::cast<std::size_t>(from.attr("memory"));
    setting.most_answers = nb::cast<std::size_t>(from.attr("most_answers"));
    return setting;
}

class PythonRowSearch {
   public:
    PythonRowSearch(nb::object model, nb::object setting)
        : model_(std::move(model)), search_(model_, row_setting_of(setting)) {}

    std::size_t size() const { return search_.size(); }
    nb::tuple row(std::size_t number) const {
        nb::list listed;
        for (Word word : search_.row(number)) listed.append(word);
        return nb::tuple(listed);
    }
    Word parent(std::size_t number) const { return search_.parent(number); }
    void keep(Parts key, Parts row, Word parent) {
        search_.keep(std::move(key), std::move(row), parent);
    }
    bool is_known(Parts key) { return search_.is_known(std::move(key)); }
    std::size_t expand(std::size_t from, std::size_t end) { return search_.expand(from, end); }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> counts() const {
        std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
        for (const RowSearch::Count& each : search_.counts())
            found.emplace_back(each.generated, each.distinct);
        return found;
    }
    std::uint64_t asked() const { return search_.asked(); }

    // What the collector of garbage wants to know: the model may lead back to the search.
    static int traverse(PyObject* self, visitproc visit, void* arg) {
        Py_VISIT(Py_TYPE(self));
        if (nb::inst_ready(self)) Py_VISIT(nb::inst_ptr<PythonRowSearch>(self)->model_.object().ptr());
        return 0;
    }
    static int clear(PyObject* self) {
        nb::inst_ptr<PythonRowSearch>(self)->model_.object().reset();
        return 0;
    }

   private:
    PythonRows model_;
    RowSearch search_;
};

}  // namespace

void define_row_search(nb::module_& module) {
    static PyType_Slot slots[] = {
        {Py_tp_traverse, reinterpret_cast<void*>(&PythonRowSearch::traverse)},
        {Py_tp_clear, reinterpret_cast<void*>(&PythonRowSearch::clear)},
        {0, nullptr},
    };
    nb::class_<PythonRowSearch>(module, "RowSearch", nb::type_slots(slots))
        .def(nb::init<nb::object, nb::object>())
        .def("__len__", &PythonRowSearch::size)
        .def("row", &PythonRowSearch::row)
        .def("parent", &PythonRowSearch::parent)
        .def("keep", &PythonRowSearch::keep)
        .def("is_known", &PythonRowSearch::is_known)
        .def("expand", &PythonRowSearch::expand)
        .def("counts", &PythonRowSearch::counts)
        .def("asked", &PythonRowSearch::asked);
}

}  // namespace explorer
