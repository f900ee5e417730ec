using Strata.Core;

namespace Strata.Cli.Developing;

internal static class DevErrors
{
    public static Error NoCommand(string folder) => new(
        ErrorKind.Invalid, "NO_START_COMMAND", $"{folder} does not tell how its member is started.",
        "Say it: strata dev --command \"python3 member.py\". A package.json with a script dev or start, a .csproj, or a file member.py or main.py is found by itself.");
}
