import Logging
import Plist

/// What is to be kept: the files of the last whole run.
extension Watch {
    /// Editors write in place, and are done with it sooner than this.
    private static let doubt: Duration = .milliseconds(100)

    /// Before the first look: what is to be kept, and whether anything is.
    ///
    /// - Throws: what `apply` would refuse: there is no older configuration to keep in force.
    func begin() throws(WatchFailure) {
        let isApplied: Bool
        do throws(FileError) {
            isApplied = try recall()
        } catch { throw .session(.file(error)) }
        schedule.look(at: now())
        report.begin()
        guard !schedule.isStandingBy else { return }
        isConfigurationStale = false
        do throws(ConfigurationFailure) {
            change = try Configuration.read(path)
        } catch { throw .configuration(error) }
        change?.isApplied = isApplied
    }

    /// SIGHUP: reads everything again, and ends a stand-by.
    func reload() {
        isMemoryStale = isMemoryStale || session.folder.version != known
        if isMemoryStale { tryToRecall() }
        if schedule.isStandingBy {
            schedule.resume()
            occasion = "configured"
            report.tellCallBack(bySignal: true)
        }
        isConfigurationStale = true
        forgetDisputes()
        report.forget()
        schedule.look(at: now())
    }

    /// Nobody is left alone any more.
    private func forgetDisputes() {
        patience.forget()
        report.forgetDispute()
    }

    func tryToRecall() {
        do throws(FileError) { _ = try recall() } catch { retry("\(error)") }
    }

    /// What the last whole run left: its files, or that there are none any more.
    ///
    /// - Returns: whether there are any.
    private func recall() throws(FileError) -> Bool {
        isMemoryStale = false
        known = session.folder.version
        if try session.folder.isTornDown() {
            guard !schedule.isStandingBy else { return false }
            schedule.standBy()
            report.tellStandBy()
            return false
        }
        let (memory, _) = try session.folder.load()
        if schedule.isStandingBy {
            schedule.resume()
            report.tellCallBack(bySignal: false)
        }
        forgetDisputes()
        // Whatever it was about, the files may have been read in another state.
        isConfigurationStale = true
        guard let main = memory.files.first else { return false }
        if main != path {
            report.log.info("the configuration is \(main) now")
            path = main
            (configuration, change) = (nil, nil)
        }
        return true
    }

    /// - Parameter isApplied: another run has just used the files.
    func readConfiguration(isApplied: Bool) {
        isConfigurationStale = false
        do throws(ConfigurationFailure) {
            var read = try Configuration.read(path)
            read.isApplied = isApplied
            if let missing = read.config.discovery, !missing.isRead,
                let last = configuration?.config.discovery, last.isRead, last.path == missing.path
            {
                // An absence is no complete discovery.
                throw .files(.noFile(path: missing.path))
            }
            isConfigurationDoubtful = false
            guard isApplied || read.sources != change?.sources else { return }
            change = read
            if read.sources == configuration?.sources {
                change = nil
                report.tell(badFile: nil)
            }
        } catch {
            change = nil
            let kept =
                configuration == nil
                ? "nothing is kept in force" : "what was read before stays in force"
            let text = "\(kept):\n\(error.text)"
            guard report.isNews(badFile: text), !isConfigurationDoubtful else {
                return report.tell(badFile: text)
            }
            isConfigurationDoubtful = true
            isConfigurationStale = true
            schedule.look(at: now() + Self.doubt)
        }
    }

    /// Puts the files in force as they are now, unless they bring a conflict that those in force
    /// have not. Those of a run that was whole are in force already.
    func takeUpChange() throws(SessionError) {
        guard let change else { return }
        if !change.isApplied {
            let known = try conflicts(configuration).map(\.message)
            let new = try conflicts(change).filter { !known.contains($0.message) }
            guard new.isEmpty else {
                // Another run may be in the middle of what looks like one.
                if session.folder.isLocked { throw .locked(session.folder.path) }
                guard configuration != nil else { throw .unavailable(new) }
                let problems = new.map(DiagnosticRenderer(change.sources).text)
                return report.tell(
                    badFile: "the changed files are refused; what was read before stays in force:\n"
                        + problems.joined(separator: "\n"))
            }
        }
        if configuration != nil { occasion = "the changed configuration was applied" }
        (configuration, self.change) = (change, nil)
        forgetDisputes()
        report.tell(badFile: nil)
        report.warn(change.warnings)
    }

    private func conflicts(
        _ configuration: Configuration?
    ) throws(SessionError) -> [Diagnostic] {
        guard let configuration else { return [] }
        return try session.preview(.config(configuration.config), options: Self.options).plan
            .allConflicts
    }

    /// What decides what is wanted.
    var interests: [FileWatcher.Interest] {
        let folder = Files.absolute(session.folder.path)
        let lib = Files.absolute(session.libDirectory)
        var interests: [FileWatcher.Interest] = [
            .init(path: "\(folder)/state.plist", topic: .memory),
            .init(path: "\(lib)/bindings.plist", topic: .bindings),
            .init(path: path, topic: .configuration),
            .init(path: ConfigFiles.dropInFolder(of: path), topic: .configuration, isFolder: true),
        ]
        // A discovered file may be there later.
        interests += ((change ?? configuration)?.config.files.dropFirst() ?? []).map {
            .init(path: $0, topic: .configuration)
        }
        return interests
    }
}
