using System.Buffers.Text;
using System.Security.Cryptography;
using Npgsql;

namespace Strata.Storage.PrivateServer;

/// <summary>
/// The generated password of a private server's only role, in a file that only this program's user reads. Invariant: what the file holds is
/// what the server was given, because the file gets its name after that. A folder without the file (of an older version, or where it was
/// deleted) gets a new password at the next start.
/// </summary>
internal sealed class PostgresPassword(PostgresFolder folder)
{
    private const int Bytes = 32;
    private const string Prefix = "*:*:*:strata:";
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private string Unfinished => folder.PasswordFile + ".new";

    /// <summary>Null where the server has none yet.</summary>
    public string? Read()
    {
        try
        {
            var line = File.ReadAllText(folder.PasswordFile).Trim();
            return line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Sets it on a server that is not running, in single-user mode, which asks for no password. Not on a command line, which every user
    /// could read.
    /// </summary>
    /// <param name="command">Runs the server in single-user mode.</param>
    public async Task SetAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        if (Read() is not null) return;
        var password = Write();
        var answer = await Command.RunAsync(command, cancellationToken, AlterRole(password) + "\n");
        if (answer.ExitCode != 0 || answer.Output.Contains("ERROR:", StringComparison.Ordinal)
            || answer.Output.Contains("FATAL:", StringComparison.Ordinal))
            throw PostgresErrors.InitFailed(answer.Output.Split('\n')[^1].Trim());
        Finish();
    }

    /// <summary>Gives it to a running server of an older version, which still trusts who connects.</summary>
    /// <returns>False if it does not: its password is lost.</returns>
    public async Task<bool> TrySetAsync(string connectionString, CancellationToken cancellationToken)
    {
        if (Read() is not null) return true;
        var password = Write();
        try
        {
            await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
            await connection.OpenAsync(cancellationToken);
            await RunAsync(connection, AlterRole(password), cancellationToken);
            PostgresSettings.WriteAccess(folder.Data);
            await RunAsync(connection, "select pg_reload_conf()", cancellationToken);
        }
        catch (NpgsqlException)
        {
            return false;
        }
        Finish();
        return true;
    }

    // Base64url, so no quote can be in it.
    private static string AlterRole(string password) => $"alter role strata with password '{password}'";

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private string Write()
    {
        var password = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        File.Delete(Unfinished);
        using var file = new FileStream(
            Unfinished, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OnlyOwner });
        using var writer = new StreamWriter(file);
        writer.Write(Prefix + password + "\n");
        return password;
    }

    private void Finish() => File.Move(Unfinished, folder.PasswordFile, overwrite: true);
}
