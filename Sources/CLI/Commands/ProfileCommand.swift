internal import ArgumentParser

struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Read, check and compare seccomp profiles, Sidelight's own and any other.",
    discussion: """
      Takes the OCI runtime's form, which Kubernetes loads, and Docker's. Everything is decided on the filter that \
      libseccomp compiles from the profile, over every call and every argument. Nothing is loaded and nobody is asked.

        sidelight profile lint profiles/sidelight-agent.json
        sidelight profile explain /usr/share/containers/seccomp.json openat AT_FDCWD 0 O_RDWR
        sidelight profile subset profiles/sidelight-agent.json /usr/share/containers/seccomp.json

      Exit status: 0 it holds, 1 it does not, 64 wrong command line, 65 a file that is no profile. See docs/seccomp.md.
      """,
    subcommands: [
      ProfileLint.self, ProfileExplain.self, ProfileSubset.self, ProfileDiff.self, ProfileCoverage.self,
      ProfileWrite.self,
    ])
}
