using System.Text;
using Strata.Cli.Upload;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Configuration;
using Strata.Deployments.Kinds;

namespace Strata.Cli.Deploying;

/// <summary>What a deploy starts from: a folder on this machine, or a git repository. Exactly one is set.</summary>
internal sealed record DeploySource(string? Folder, GitSource? Git)
{
    private static readonly string[] GitSchemes = ["https://", "http://", "ssh://", "git://", "file://"];

    /// <param name="text">A folder or a repository's address; null: the present folder.</param>
    public static DeploySource Parse(string? text, string? branch)
    {
        text ??= ".";
        if (IsGitAddress(text))
        {
            // Before anything is sent: what holds a token must not get into the cloud's history, nor its name.
            if (DeploymentKinds.CheckGitAddress(ToUrl(text)) is { } fault) throw fault.ToException();
            return new DeploySource(null, new GitSource(ToUrl(text), branch));
        }
        if (branch is not null)
            throw Shell.UsageErrors.Of(
                "--branch is for git repositories; a folder is taken as it is.", "Name a repository, or leave --branch out.").ToException();
        var folder = Path.GetFullPath(text);
        return Directory.Exists(folder) ? new DeploySource(folder, null) : throw UploadErrors.NoFolder(text).ToException();
    }

    /// <summary>
    /// The deployment's name where the user gave none: from strata.yaml, or from the folder's or the repository's own name.
    /// </summary>
    public string DefaultName() => FromStrataFile()
        ?? FromText(Folder is not null ? Path.GetFileName(Folder.TrimEnd('/')) : RepositoryName(Git!.Url));

    public override string ToString() => Folder ?? Git!.Url;

    private string? FromStrataFile()
    {
        foreach (var name in Folder is null ? [] : StrataFile.Names)
        {
            if (TextFile.Read(Path.Combine(Folder!, name)) is { } text) return StrataFileReader.Read(name, text).Value.Name;
        }
        return null;
    }

    private static bool IsGitAddress(string text) => GitSchemes.Any(s => text.StartsWith(s, StringComparison.Ordinal)) || IsScpLike(text);

    /// <summary><c>git@host:user/repo.git</c>, as git itself accepts.</summary>
    private static bool IsScpLike(string text) =>
        text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && text.IndexOf(':', at) is > 0
            && !text[..at].Contains('/', StringComparison.Ordinal);

    private static string ToUrl(string text)
    {
        if (!IsScpLike(text) || text.Contains("://", StringComparison.Ordinal)) return text;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return $"ssh://{text[..colon]}/{text[(colon + 1)..]}";
    }

    private static string RepositoryName(string url)
    {
        var name = url.TrimEnd('/').Split('/')[^1];
        return name.EndsWith(".git", StringComparison.Ordinal) ? name[..^4] : name;
    }

    private static string FromText(string text)
    {
        var name = new StringBuilder();
        foreach (var c in text.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c)) name.Append(c);
            else if (name.Length > 0 && name[^1] != '-') name.Append('-');
        }
        var trimmed = name.ToString().TrimStart("0123456789-".ToCharArray());
        trimmed = trimmed[..Math.Min(trimmed.Length, ResourceName.LengthMax)].TrimEnd('-');
        return trimmed.Length > 0
            ? trimmed : throw Shell.UsageErrors.Of($"\"{text}\" gives no name for the deployment.", "Name it: --name my-app").ToException();
    }
}
