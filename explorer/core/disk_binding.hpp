// The search with the states on disk, for Python; a part of module.cpp.
class PythonDiskSearch {
   public:
    // `room` is 0 for what memory leaves.
    PythonDiskSearch(nb::object model, nb::list properties, nb::object setting,
                     const std::string& folder, double every, std::size_t room)
        : model_(std::move(model)),
          search_(model_, properties_of(properties), setting_of(setting), {folder, every, room}) {}

    // Go on from what these files keep, if there are any.
    Found run(const std::vector<Node>& nodes, History history, const nb::object& heartbeat,
              const std::map<std::string, ExtentTuple>& files, const nb::object& commit) {
        nb::gil_scoped_release unlocked;
        Files extents;
        for (const auto& [name, extent] : files) extents[name] = extent_of(extent);
        if (!extents.empty()) search_.restore(extents);
        return search_.run(nodes, history, beat(heartbeat), [&commit](const Files& kept) {
            nb::gil_scoped_acquire lock;
            return committed(commit, kept);
        });
    }

    bool find_ways(const nb::object& heartbeat) {
        nb::gil_scoped_release unlocked;
        return search_.find_ways(beat(heartbeat));
    }

    bool is_on_the_way(std::size_t number, std::vector<Node> nodes, std::vector<Message> messages,
                       History history, Faults faults) {
        nb::gil_scoped_release unlocked;
        return search_.is_on_the_way(number,
                                     {std::move(nodes), history, faults, std::move(messages)});
    }

    std::vector<bool> reached() const { return search_.verdicts().reached(); }
    std::string trouble() const { return search_.trouble(); }

   private:
    // What Python cannot write is as what the search cannot.
    static bool committed(const nb::object& commit, const Files& files) {
        try {
            return nb::cast<bool>(commit(as_tuples(files)));
        } catch (const nb::python_error& error) {
            if (!error.matches(PyExc_OSError)) throw;
            const nb::object code = error.value().attr("errno");
            throw FileError(nb::cast<std::string>(nb::str(error.value().attr("filename"))),
                            code.is_none() ? EIO : nb::cast<int>(code));
        }
    }

    PythonModel model_;
    DiskSearch search_;
};

inline void define_disk_search(nb::module_& module) {
    nb::class_<PythonDiskSearch>(module, "DiskSearch")
        .def(nb::init<nb::object, nb::list, nb::object, const std::string&, double, std::size_t>())
        .def("run", &PythonDiskSearch::run)
        .def("find_ways", &PythonDiskSearch::find_ways)
        .def("is_on_the_way", &PythonDiskSearch::is_on_the_way)
        .def("reached", &PythonDiskSearch::reached)
        .def_prop_ro("trouble", &PythonDiskSearch::trouble);
}
