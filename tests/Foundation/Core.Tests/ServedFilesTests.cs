namespace Strata.Core.Tests;

public sealed class ServedFilesTests
{
    [Theory]
    [InlineData("config.php")]
    [InlineData("deep/folder/INDEX.PHP")]
    [InlineData("config.php.bak")]
    [InlineData("config.php~")]
    [InlineData("a.phtml")]
    [InlineData("app.py")]
    [InlineData("app.rb")]
    [InlineData("cgi-bin/form.cgi")]
    [InlineData("form.pl")]
    [InlineData("page.aspx")]
    [InlineData("page.asp")]
    [InlineData("page.jsp")]
    [InlineData("page.cfm")]
    [InlineData("prod.env")]
    [InlineData(".env")]
    [InlineData("dump.sql")]
    [InlineData("data.sqlite3")]
    [InlineData("tls.pem")]
    [InlineData("web.config")]
    [InlineData(".htaccess")]
    [InlineData(".git/config")]
    [InlineData("sub/.svn/entries")]
    [InlineData(".DS_Store")]
    [InlineData("strata.yaml")]
    [InlineData("sub/strata.yml")]
    [InlineData("strata.yaml.bak")]
    [InlineData("Dockerfile")]
    public void IsPrivate_CodeSettingsOrHidden_IsTrue(string path) => Assert.True(ServedFiles.IsPrivate(path));

    [Theory]
    [InlineData("index.html")]
    [InlineData("app.js")]
    [InlineData("messages.pl.js")]
    [InlineData("index.php.html")]
    [InlineData("data.json")]
    [InlineData("install.sh")]
    [InlineData("php/index.html")]
    [InlineData(".well-known/security.txt")]
    [InlineData("README")]
    public void IsPrivate_WhatSitesServe_IsFalse(string path) => Assert.False(ServedFiles.IsPrivate(path));

    [Fact]
    public void IsPrivate_AllowedByPattern_IsFalse_ButNeverForHiddenFilesAndStrataYaml()
    {
        string[] allowed = ["*.py", "db/seed.sql", "*.yaml", "*.env", ".git/config"];
        Assert.False(ServedFiles.IsPrivate("examples/a.py", allowed));
        Assert.False(ServedFiles.IsPrivate("db/seed.sql", allowed));
        Assert.True(ServedFiles.IsPrivate("db/other.sql", allowed));
        Assert.True(ServedFiles.IsPrivate("strata.yaml", allowed));
        Assert.True(ServedFiles.IsPrivate(".env", allowed));
        Assert.True(ServedFiles.IsPrivate(".git/config", allowed));
    }
}
