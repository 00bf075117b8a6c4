import ArgumentParser
import DataPlane
import Plist

struct QueuesShow: Command {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show channels, masks and interrupts per queue, and what they should be.")

    @Argument(help: "Interfaces; else those of the file, without a file all that have queues.")
    var interfaces: [String] = []

    @OptionGroup var options: GlobalOptions

    func execute(_ report: inout Report) throws(Failure) -> ExitStatus {
        let file = try readConfigIfAny(&report)
        report.warn(file?.warnings ?? [])
        let survey = try survey(of: interfaces, file?.config)
        let printout = QueuesPrintout(survey, hasFile: file != nil)
        if report.isJSON {
            report.print(printout.json)
        } else {
            report.say(printout.text)
        }
        return .done
    }
}

extension Command {
    /// nil: there is no file, which is no error for who only looks at queues.
    func readConfigIfAny(
        _ report: inout Report
    ) throws(Failure) -> (config: Config, warnings: [Diagnostic])? {
        do throws(Failure) {
            return try readConfig(options.config, trust: .advised, &report)
        } catch  where error.status == .noFile {
            return nil
        }
    }

    func survey(of names: [String], _ config: Config?) throws(Failure) -> QueueSurvey {
        do throws(SessionError) {
            return try QueueSurvey(of: names, config)
        } catch { throw Failure(error) }
    }
}
