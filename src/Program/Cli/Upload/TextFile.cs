using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Cli.Upload;

/// <summary>
/// Reads small text files of a folder that another user may have made: never a pipe or a device, and never more than
/// <see cref="BytesMax"/>.
/// </summary>
internal static class TextFile
{
    public const int BytesMax = 1 << 20;

    /// <summary>Null where there is no regular file, links followed.</summary>
    /// <exception cref="StrataException">SOURCE_UNREADABLE: it may not be read, or is too large.</exception>
    public static string? Read(string path)
    {
        if (!File.Exists(path)) return null;
        var target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        if (!UserFile.IsRegular(target)) return null;
        using var file = UserFile.Open(target) ?? throw UploadErrors.Unreadable(path, "permission is missing.").ToException();
        if (file.Length > BytesMax) throw UploadErrors.Unreadable(path, "it is larger than 1 MB.").ToException();
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }
}
