using Strata.Core;

namespace Strata.Cli.Developing;

internal static class DevErrors
{
    public static readonly Error NoSdk = new(
        ErrorKind.NotFound, "SDK_NOT_FOUND", "The client libraries are not beside this program.",
        "Use the strata of a checkout or of a release archive with its folder sdk.");

    public static Error NotPacked(string language, string reason) => new(
        ErrorKind.Internal, "SDK_NOT_PACKED", $"The client library for {language} could not be packed: {reason}",
        $"Fix that, then try again; \"scripts/pack-sdk {language}\" in the checkout shows all of it.");

    public static Error NotEmpty(string folder) =>
        new(ErrorKind.Conflict, "FOLDER_NOT_EMPTY", $"{folder} has something in it already.", "Name a folder that is new or empty.");

    public static Error NoCommand(string folder) => new(
        ErrorKind.Invalid, "NO_START_COMMAND", $"{folder} does not say how its member is started.",
        "Say it: strata dev --command \"python3 member.py\". A package.json with a script dev or start, a .csproj, or a file member.py or main.py is found by itself.");
}
